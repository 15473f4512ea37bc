//! Recognises a picture by its first bytes and reads its size from the header.
//!
//! Nothing is decoded or allocated here. A file name or a declared media type plays no part.

use memchr::memchr_iter;

use crate::webp::coded_size;

/// What the magic bytes say a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG, also animated.
    Png,
    /// WebP: lossy, lossless or extended.
    WebP,
    /// HEIC or another HEIF brand, of which only stills by HEVC are decoded.
    Heic,
    /// AVIF, which is stored only.
    Avif,
    /// Anything else.
    Other,
}

impl Format {
    /// Returns the media type under which a file of this format may be served.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Heic => "image/heic",
            Self::Avif => "image/avif",
            Self::Other => "application/octet-stream",
        }
    }
}

/// What the header of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// The format by magic bytes.
    pub format: Format,
    /// Declared width and height in pixels, before any rotation; absent where the header does not reach that far, and
    /// for a HEIC, whose size stands in its description.
    pub dimensions: Option<(u32, u32)>,
    /// Whether the picture is a progressive JPEG, which costs its decoder more memory and time.
    pub is_progressive: bool,
}

/// Reads format and declared size from the first bytes of a file.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Sniffed {
    let still = |format, dimensions| Sniffed { format, dimensions, is_progressive: false };
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        let frame = jpeg_frame(bytes);
        let dimensions = frame.map(|frame| (frame.width, frame.height));
        let is_progressive = frame.is_some_and(|frame| frame.is_progressive);
        return Sniffed { format: Format::Jpeg, dimensions, is_progressive };
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return still(Format::Png, png_size(bytes));
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return still(Format::WebP, webp_size(bytes));
    }
    still(heif(bytes).unwrap_or(Format::Other), None)
}

/// Counts the scans of a JPEG, stopping as soon as there are more than `limit`.
///
/// Reads the whole file once; a marker inside a segment (an embedded thumbnail) does not count.
pub(crate) fn jpeg_scans(bytes: &[u8], limit: usize) -> usize {
    Segments::new(bytes).filter(|segment| segment.marker == START_OF_SCAN).take(limit.saturating_add(1)).count()
}

/// Returns whether every scan of a JPEG finds the codes defined before it that it uses.
#[cfg(feature = "turbo")]
pub(crate) fn jpeg_defines_its_codes(bytes: &[u8]) -> bool {
    const DEFINITION: u8 = 0xC4;
    // Each by its class (constant coefficients 0, others 1) and number, four bits of each.
    let mut defined = Vec::new();
    Segments::new(bytes).all(|segment| match (segment.marker, segment.body) {
        (DEFINITION, body) => {
            let mut rest = body;
            while let Some((which, behind)) = rest.split_first() {
                defined.push(*which);
                let values: usize = behind.iter().take(16).map(|count| usize::from(*count)).sum();
                rest = behind.get(16 + values..).unwrap_or_default();
            }
            true
        }
        (START_OF_SCAN, [count, body @ ..]) => {
            let Some((colours, [first, last, ..])) = body.split_at_checked(2 * usize::from(*count)) else {
                return true;
            };
            let (uses_constant, uses_others) = (*first == 0, *last > 0);
            colours.as_chunks::<2>().0.iter().all(|[_, which]| {
                (!uses_constant || defined.contains(&(which >> 4)))
                    && (!uses_others || defined.contains(&(0x10 | which & 0x0F)))
            })
        }
        _ => true,
    })
}

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// What the frame header of a JPEG says, and the header of its first scan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JpegFrame {
    width: u32,
    height: u32,
    /// Whether its scans refine each other.
    pub(crate) is_progressive: bool,
    /// Whether the frame is of one of the two kinds that cameras make: SOF0 to SOF2.
    pub(crate) is_usual: bool,
    /// How many colours the frame has.
    pub(crate) components: u8,
    /// Whether a decoder has to put several scans together and keeps all coefficients until the last.
    pub(crate) keeps_coefficients: bool,
}

/// Finds the frame header (SOF), which always precedes the first scan.
pub(crate) fn jpeg_frame(bytes: &[u8]) -> Option<JpegFrame> {
    let mut segments = Segments::new(bytes);
    let segment =
        segments.by_ref().take_while(|segment| segment.marker != START_OF_SCAN).find(Segment::is_frame_header)?;
    let height = be16(segment.body, 1)?;
    let width = be16(segment.body, 3)?;
    let components = segment.body.get(5).copied().unwrap_or(0);
    let is_progressive = segment.marker & 0x03 == 0x02;
    let first_scan = segments.find(|segment| segment.marker == START_OF_SCAN);
    let in_first_scan = first_scan.and_then(|scan| scan.body.first().copied()).unwrap_or(0);
    Some(JpegFrame {
        width: width.into(),
        height: height.into(),
        is_progressive,
        is_usual: matches!(segment.marker, 0xC0..=0xC2),
        components,
        keeps_coefficients: is_progressive || in_first_scan < components,
    })
}

/// Returns the bodies of the segments of a JPEG's header that have this marker.
pub(crate) fn jpeg_segments(bytes: &[u8], marker: u8) -> impl Iterator<Item = &[u8]> {
    let header = Segments::new(bytes).take_while(|segment| segment.marker != START_OF_SCAN);
    header.filter(move |segment| segment.marker == marker).map(|segment| segment.body)
}

/// Returns the bodies of the chunks of a PNG that have this name.
pub(crate) fn png_chunks(bytes: &[u8], name: [u8; 4]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    let chunks = std::iter::from_fn(move || {
        let length = usize::try_from(be32(rest, 0)?).ok()?;
        let chunk = (rest.get(4..8)?, rest.get(8..)?.get(..length)?);
        rest = rest.get(8 + length..)?.get(4..)?;
        Some(chunk)
    });
    chunks.filter(move |(found, _)| *found == name).map(|(_, body)| body)
}

/// One marker segment of a JPEG: the marker byte and what follows its length field.
struct Segment<'a> {
    marker: u8,
    body: &'a [u8],
}

impl Segment<'_> {
    /// SOF0 to SOF15 without the three codes of that range that mean something else (DHT, JPG, DAC).
    fn is_frame_header(&self) -> bool {
        matches!(self.marker, 0xC0..=0xCF) && !matches!(self.marker, 0xC4 | 0xC8 | 0xCC)
    }
}

/// Walks the marker segments of a JPEG and skips the entropy-coded data between them.
struct Segments<'a> {
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes.get(2..).unwrap_or_default() }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        // Inside entropy-coded data FF 00 is a stuffed byte, FF FF a fill byte and FF D0 to D7 a restart marker.
        let begins = |at: &usize| !matches!(self.rest.get(at + 1), None | Some(0x00 | 0x01 | 0xD0..=0xD8 | 0xFF));
        let at = memchr_iter(0xFF, self.rest).find(begins)?;
        let (marker, after) = self.rest.get(at + 1..)?.split_first()?;
        // Decoders stop here; behind it cameras keep smaller copies of the picture, or its brightness.
        if *marker == END_OF_IMAGE {
            return None;
        }
        let length = usize::from(be16(after, 0)?);
        let body = after.get(2..length)?;
        self.rest = after.get(length..)?;
        Some(Segment { marker: *marker, body })
    }
}

/// IHDR is always the first chunk: length, name, width, height.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    (bytes.get(12..16)? == b"IHDR").then_some(())?;
    Some((be32(bytes, 16)?, be32(bytes, 20)?))
}

/// Reads the size from the first chunk: that of the only picture, or in `VP8X` that of the canvas (24 bits each).
fn webp_size(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8X" => Some((le_number(bytes.get(24..27)?) + 1, le_number(bytes.get(27..30)?) + 1)),
        name => coded_size(name, bytes.get(20..)?),
    }
}

/// Which HEIF an ISO base media file is, if its brands name one.
///
/// The major brand decides where it names a codec, then the first compatible one that does. Where none does, the
/// general brands of HEIF stand for what phones write.
fn heif(bytes: &[u8]) -> Option<Format> {
    let of = |brand: &[u8]| match brand {
        b"avif" | b"avis" => Some(Format::Avif),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => Some(Format::Heic),
        _ => None,
    };
    (bytes.get(4..8)? == b"ftyp").then_some(())?;
    let end = usize::try_from(be32(bytes, 0)?).ok()?.min(MAX_FTYP_BYTES).min(bytes.len());
    let (major, others) = bytes.get(8..end)?.split_first_chunk::<4>()?;
    // Behind the major brand stands its version.
    let compatible = others.get(4..).unwrap_or_default();
    let mut brands = [major.as_slice()].into_iter().chain(compatible.chunks_exact(4));
    let is_general = |brand: &[u8]| matches!(brand, b"mif1" | b"msf1");
    let named = brands.clone().find_map(of);
    named.or_else(|| brands.any(is_general).then_some(Format::Heic))
}

/// Real `ftyp` boxes list fewer than ten brands of four bytes; more is not worth reading.
const MAX_FTYP_BYTES: usize = 256;

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_be_bytes(*chunk))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk))
}

/// Reads up to four bytes as a little-endian number.
pub(crate) fn le_number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(format: Format, dimensions: Option<(u32, u32)>) -> Sniffed {
        Sniffed { format, dimensions, is_progressive: false }
    }

    #[test]
    fn reads_the_size_of_a_jpeg_behind_other_segments() {
        // SOI, an APP1 that holds a fake frame header, then SOF2 of 300 x 200.
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE1, 0, 10, 0xFF, 0xC0, 0, 9, 8, 0, 1, 0];
        bytes.extend([0xFF, 0xC2, 0, 8, 8, 0, 200, 1, 44, 3]);
        let sniffed = sniff(&bytes);
        assert_eq!(sniffed, Sniffed { format: Format::Jpeg, dimensions: Some((300, 200)), is_progressive: true });
    }

    #[test]
    fn counts_scans_and_stops_at_the_limit() {
        let mut bytes = vec![0xFF, 0xD8];
        for _ in 0..7 {
            bytes.extend([0xFF, 0xDA, 0, 3, 0, 1, 2, 0xFF, 0x00, 0xFF, 0xD3, 5]);
        }
        bytes.extend([0xFF, 0xD9]);
        assert_eq!(jpeg_scans(&bytes, 100), 7);
        assert_eq!(jpeg_scans(&bytes, 3), 4, "one more than the limit is enough to refuse");
        assert_eq!(
            jpeg_scans(&[bytes.as_slice(), &bytes].concat(), 100),
            7,
            "a copy behind the picture does not count"
        );
    }

    #[test]
    fn reads_the_size_of_a_png() {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        assert_eq!(sniff(&bytes), found(Format::Png, None));
        bytes.extend([0, 0, 4, 0, 0, 0, 3, 0]);
        assert_eq!(sniff(&bytes), found(Format::Png, Some((1024, 768))));
    }

    #[test]
    fn reads_the_size_of_each_kind_of_webp() {
        let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x40\x01\xf0\x00";
        assert_eq!(sniff(lossy), found(Format::WebP, Some((320, 240))));
        // 14 bits of width - 1 (319), then 14 bits of height - 1 (239).
        let lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x3f\xc1\x3b\x00";
        assert_eq!(sniff(lossless), found(Format::WebP, Some((320, 240))));
        let extended = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x3f\x01\x00\xef\x00\x00";
        assert_eq!(sniff(extended), found(Format::WebP, Some((320, 240))));
    }

    #[test]
    fn knows_heic_by_major_or_compatible_brand() {
        assert_eq!(sniff(b"\0\0\0\x14ftypheic\0\0\0\0mif1").format, Format::Heic);
        assert_eq!(sniff(b"\0\0\0\x18ftypMiHE\0\0\0\0abcdheix").format, Format::Heic);
        assert_eq!(sniff(b"\0\0\0\x14ftypisom\0\0\0\0mp42").format, Format::Other);
        assert_eq!(sniff(b"\0\0\0\x14ftypmif1\0\0\0\0miaf").format, Format::Heic, "no brand names a codec");
    }

    #[test]
    fn avif_is_known_by_its_brands_and_is_no_heic() {
        for (brands, format) in [
            (&b"avif\0\0\0\0mif1miafMA1B"[..], Format::Avif),
            (b"avif\0\0\0\0heicmif1", Format::Avif),
            (b"avis\0\0\0\0msf1avif", Format::Avif),
            (b"mif1\0\0\0\0avifmiaf", Format::Avif),
            (b"mif1\0\0\0\0heicmiaf", Format::Heic),
            (b"heic\0\0\0\0mif1avif", Format::Heic),
            (b"isomavif", Format::Other),
            (b"avif", Format::Avif),
            (b"mif1miaf", Format::Heic),
        ] {
            let length = u32::try_from(8 + brands.len()).unwrap().to_be_bytes();
            let file = [length.as_slice(), b"ftyp", brands].concat();
            assert_eq!(sniff(&file).format, format, "{:?}", String::from_utf8_lossy(brands));
        }
        assert_eq!(Format::Avif.media_type(), "image/avif");
    }

    #[test]
    fn every_prefix_of_every_header_is_read_without_a_panic() {
        let heads: [&[u8]; 4] = [
            b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x08\x08\0\x10\0\x10\x03",
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01",
            b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x3f\x01\x00\xef\x00\x00",
            b"\0\0\0\x14ftypheic\0\0\0\0mif1",
        ];
        for head in heads {
            for end in 0..head.len() {
                assert_eq!(sniff(&head[..end]).dimensions, None, "a cut header declares nothing: {end} of {head:?}");
            }
        }
    }

    #[test]
    fn names_what_is_not_a_picture() {
        for bytes in [b"".as_slice(), b"<svg xmlns='a'/>", b"%PDF-1.7", b"GIF89a\x01\0\x01\0"] {
            assert_eq!(sniff(bytes), found(Format::Other, None));
        }
        assert_eq!(Format::Other.media_type(), "application/octet-stream");
    }
}
