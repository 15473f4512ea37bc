//! The parts of a WebP: its chunks, how large each coded picture inside says it is, and what its decoder holds.
//!
//! No picture is decoded here.

use crate::sniff::le_number;
use crate::vp8l::memory_beside;

/// A chunk: its name, the length it declares, and all bytes of the file behind its header.
struct Chunk<'a> {
    name: &'a [u8],
    length: usize,
    rest: &'a [u8],
}

/// Walks chunks that follow each other.
///
/// A length that reaches behind the end does not hide a chunk: decoders read its header all the same.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut next = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = next?;
        let length = usize::try_from(le_number(bytes.get(4..8)?)).ok()?;
        let rest = bytes.get(8..)?;
        // A chunk of odd length is padded; the last one may end with the file.
        next = rest.get(length..).map(|behind| behind.get(length % 2..).unwrap_or_default());
        Some(Chunk { name: bytes.get(..4)?, length, rest })
    })
}

/// Returns the bodies of the chunks of a WebP that have this name.
pub(crate) fn webp_chunks(bytes: &[u8], name: [u8; 4]) -> impl Iterator<Item = &[u8]> {
    let found = chunks(bytes.get(12..).unwrap_or_default()).filter(move |chunk| chunk.name == name);
    found.filter_map(|chunk| chunk.rest.get(..chunk.length))
}

/// What the chunks of a WebP mean for its decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Webp {
    /// Whether no coded picture is larger than the canvas: a decoder takes the memory of one before it compares.
    pub(crate) fits: bool,
    /// What a decoder holds at once.
    ///
    /// # Units
    /// Bytes a pixel of the canvas.
    pub(crate) bytes_a_pixel: u64,
    /// What it holds beside pixels; not counted further than the limit.
    ///
    /// # Units
    /// Bytes.
    pub(crate) beside: u64,
}

/// Looks at every coded picture that a decoder may take for the first one; what stands beside pixels counts up to a limit.
pub(crate) fn webp(bytes: &[u8], canvas: (u32, u32), limit: u64) -> Webp {
    // Planes and result.
    let mut seen = Webp { fits: true, bytes_a_pixel: 5, beside: 0 };
    let mut look = |chunk: &Chunk<'_>, size_of_alpha: (u32, u32)| {
        let size = coded_size(chunk.name, chunk.rest);
        let is_within = size.is_none_or(|(width, height)| width <= canvas.0 && height <= canvas.1);
        if is_within && seen.beside <= limit {
            seen.beside = seen.beside.saturating_add(beside(chunk, size.unwrap_or(size_of_alpha), limit));
        }
        seen.fits &= is_within;
        seen.bytes_a_pixel = seen.bytes_a_pixel.max(match chunk.name {
            // Canvas, frame and result, four bytes each.
            b"ANMF" => 12,
            // Planes and result, and the alpha as a picture of its own.
            b"ALPH" => 11,
            // Picture and result.
            b"VP8L" => 8,
            _ => 0,
        });
    };
    let mut first_frame = None;
    for chunk in chunks(bytes.get(12..).unwrap_or_default()) {
        look(&chunk, canvas);
        if chunk.name == b"ANMF" && first_frame.is_none() {
            first_frame = chunk.rest.split_at_checked(FRAME_HEADER_BYTES);
        }
    }
    let (header, parts) = first_frame.unwrap_or_default();
    let side = |at: usize| header.get(at..at + 3).map_or(0, le_number) + 1;
    let frame = (side(6).min(canvas.0), side(9).min(canvas.1));
    // Alpha and picture, or picture alone.
    chunks(parts).take(2).for_each(|chunk| look(&chunk, frame));
    seen
}

/// What the decoder of a lossless picture, or of a lossless alpha, holds beside its pixels.
fn beside(chunk: &Chunk<'_>, size: (u32, u32), limit: u64) -> u64 {
    let stream = match chunk.name {
        b"VP8L" => chunk.rest.get(LOSSLESS_HEADER_BYTES..),
        // How it is coded stands in the two lowest bits.
        b"ALPH" if chunk.rest.first().is_some_and(|how| how & 3 == 1) => chunk.rest.get(1..),
        _ => None,
    };
    stream.map_or(0, |stream| memory_beside(stream, size, limit))
}

/// Signature, size and version of a lossless picture.
const LOSSLESS_HEADER_BYTES: usize = 5;

/// Place, size, duration and flags of a frame of an animation.
const FRAME_HEADER_BYTES: usize = 16;

/// The size that a coded picture declares: `VP8 ` (RFC 6386, 9.1) or `VP8L` (14 bits each).
pub(crate) fn coded_size(name: &[u8], body: &[u8]) -> Option<(u32, u32)> {
    match name {
        b"VP8 " => {
            (body.get(3..6)? == [0x9D, 0x01, 0x2A]).then_some(())?;
            let side = |at| Some(le_number(body.get(at..at + 2)?) & 0x3FFF);
            Some((side(6)?, side(8)?))
        }
        b"VP8L" => {
            (body.first()? == &0x2F).then_some(())?;
            let bits = le_number(body.get(1..5)?);
            Some(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
        }
        _ => None,
    }
}
