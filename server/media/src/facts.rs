//! What a photo says of itself: EXIF, and whether it carries a record of its origin.
//!
//! Owns the reading of metadata. All of it is a hint: whoever has the file may have written it, and many phones and apps
//! leave it out. Broken metadata is common and harmless: it is as good as absent.

use exif::{Exif, In, Rational, Reader, Tag, Value};
use image::metadata::Orientation;

use crate::heif::{self, Heif};
use crate::sniff::{jpeg_segments, png_chunks};
use crate::tiff::has_few_entries;
use crate::webp::webp_chunks;
use crate::{Format, sniff};

/// Most of EXIF that is read; a JPEG cannot hold more.
///
/// # Units
/// Bytes (64 KiB).
/// # Source
/// Limits of photos: "segment ≤ 64 KiB".
const MAX_EXIF_BYTES: usize = 64 * 1024;

/// Longest text that is kept; cameras write a few dozen characters.
///
/// # Units
/// Characters.
const MAX_TEXT: usize = 200;

/// What the metadata of a photo says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// When the photo was taken, as written: `2026:03:14 10:22:00`, in a time zone that nobody knows.
    pub taken_at: Option<String>,
    /// The maker of the camera.
    pub make: Option<String>,
    /// The model of the camera.
    pub model: Option<String>,
    /// The program that wrote the file.
    pub software: Option<String>,
    /// How the camera was held, 1 to 8; absent where nothing or something else is declared.
    pub orientation: Option<u8>,
    /// Where the photo was taken.
    pub position: Option<Position>,
    /// Whether the file carries a record of its origin (a JUMBF box, as C2PA uses); it is not checked.
    pub has_provenance: bool,
}

/// A position that a photo declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Latitude, north is positive.
    ///
    /// # Units
    /// Millionths of a degree.
    pub latitude_udeg: i32,
    /// Longitude, east is positive.
    ///
    /// # Units
    /// Millionths of a degree.
    pub longitude_udeg: i32,
}

impl Facts {
    /// Reads the metadata of a photo.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let format = sniff(bytes).format;
        let has_provenance = has_provenance(bytes, format);
        let Some(exif) = exif(bytes, format) else { return Self { has_provenance, ..Self::default() } };
        let text = |tag| text(&exif, tag);
        Self {
            taken_at: text(Tag::DateTimeOriginal).or_else(|| text(Tag::DateTime)),
            make: text(Tag::Make),
            model: text(Tag::Model),
            software: text(Tag::Software),
            orientation: orientation(&exif),
            position: position(&exif),
            has_provenance,
        }
    }

    /// Returns what makes the stored pixels upright.
    ///
    /// # Source
    /// EXIF 2.32, tag 0x0112, values 1 to 8.
    pub(crate) fn turn(&self) -> Orientation {
        self.orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
    }
}

/// Finds and reads EXIF; the search copies nothing, and what is read is bounded before it is parsed.
fn exif(bytes: &[u8], format: Format) -> Option<Exif> {
    const JPEG_NAME: &[u8] = b"Exif\0\0";
    let block = match format {
        Format::Jpeg => jpeg_segments(bytes, 0xE1).find_map(|body| body.strip_prefix(JPEG_NAME)),
        Format::Png => png_chunks(bytes, *b"eXIf").next(),
        // Some programs write the name that only a JPEG needs.
        Format::WebP => webp_chunks(bytes, *b"EXIF").next().map(|body| body.strip_prefix(JPEG_NAME).unwrap_or(body)),
        Format::Heic => return believable(Heif::open(bytes).ok()?.exif(MAX_EXIF_BYTES)?),
        Format::Avif | Format::Other => None,
    }?;
    (block.len() <= MAX_EXIF_BYTES).then(|| believable(block.to_vec())).flatten()
}

/// Reads what can be read: one malformed field, or a directory without the link to a next one, spoils no other.
fn believable(block: Vec<u8>) -> Option<Exif> {
    if !has_few_entries(&block) {
        return None;
    }
    let read = Reader::new().continue_on_error(true).read_raw(block);
    read.or_else(|error| error.distill_partial_result(drop)).ok()
}

fn has_provenance(bytes: &[u8], format: Format) -> bool {
    match format {
        Format::Jpeg => jpeg_segments(bytes, 0xEB).any(|body| body.starts_with(b"JP")),
        Format::Png => png_chunks(bytes, *b"caBX").next().is_some(),
        Format::WebP => webp_chunks(bytes, *b"C2PA").next().is_some(),
        Format::Heic => heif::has_provenance(bytes),
        Format::Avif | Format::Other => false,
    }
}

/// A text as a person would write it: one line, not endless.
fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let written = String::from_utf8_lossy(parts.first()?);
    let visible: String = written.chars().filter(|character| !character.is_control()).take(MAX_TEXT).collect();
    let trimmed = visible.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

fn orientation(exif: &Exif) -> Option<u8> {
    let value = exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0)?;
    u8::try_from(value).ok().filter(|value| (1..=8).contains(value))
}

fn position(exif: &Exif) -> Option<Position> {
    let latitude_udeg = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, b"S", 90)?;
    let longitude_udeg = degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, b"W", 180)?;
    Some(Position { latitude_udeg, longitude_udeg })
}

/// Degrees, minutes and seconds in millionths of a degree; nothing if a part is impossible.
fn degrees(exif: &Exif, tag: Tag, reference: Tag, negative: &[u8], most: i64) -> Option<i32> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let [degrees, minutes, seconds] = parts.as_slice() else { return None };
    let micro = |part: &Rational, share: i64| {
        (i64::from(part.num) * 1_000_000).checked_div(i64::from(part.denom)).map(|micro| micro / share)
    };
    let sum = micro(degrees, 1)? + micro(minutes, 60)? + micro(seconds, 3600)?;
    let Value::Ascii(letters) = &exif.get_field(reference, In::PRIMARY)?.value else { return None };
    let sign = if letters.first().is_some_and(|letter| letter.starts_with(negative)) { -1 } else { 1 };
    (sum <= most * 1_000_000).then(|| i32::try_from(sign * sum).ok()).flatten()
}
