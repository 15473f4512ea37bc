//! JPEG, PNG and WebP: decides by the header alone whether a picture may be decoded, and how small.
//!
//! Owns the order of the checks; it must not know a decoder. No pixel is allocated here.

use super::damaged;
use crate::sniff::{JpegFrame, jpeg_frame, jpeg_scans, png_chunks};
use crate::webp::webp;
use crate::{Format, Limits, NoPreview, sniff};

/// A picture that may be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Admitted {
    pub(super) format: Format,
    /// Declared width in pixels, not zero.
    pub(super) width: u32,
    /// Declared height in pixels, not zero.
    pub(super) height: u32,
    /// By how much a JPEG shrinks while it is decoded: 1, 2, 4 or 8; 1 for other formats.
    pub(super) divisor: u32,
    /// What its decoder holds at once, in bytes; of a PNG its pixels.
    pub(super) memory: u64,
}

/// Admits a picture that is wanted with a longer side of `side` pixels, or says why not.
pub(super) fn admit(bytes: &[u8], side: u32, limits: &Limits) -> Result<Admitted, NoPreview> {
    let sniffed = sniff(bytes);
    if matches!(sniffed.format, Format::Avif | Format::Other) {
        return Err(NoPreview::Format { media_type: sniffed.format.media_type() });
    }
    let (width, height) =
        sniffed.dimensions.filter(|(width, height)| *width > 0 && *height > 0).ok_or(NoPreview::NoSize)?;
    let longer = width.max(height);
    if longer > limits.max_side_px {
        return Err(NoPreview::SideTooLong { actual: longer, limit: limits.max_side_px });
    }
    let frame = (sniffed.format == Format::Jpeg).then(|| jpeg_frame(bytes)).flatten();
    if frame.is_some_and(|frame| !frame.is_usual) {
        return Err(damaged("a JPEG of a kind that no camera makes"));
    }
    let webp = (sniffed.format == Format::WebP).then(|| webp(bytes, (width, height), limits.max_alloc_bytes));
    if webp.is_some_and(|webp| !webp.fits) {
        return Err(damaged("a picture that is larger than its canvas"));
    }
    let divisor = if frame.is_some() { divisor(longer, side) } else { 1 };
    let mut admitted = Admitted { format: sniffed.format, width, height, divisor, memory: 0 };
    let kept = webp.map_or_else(|| (png_bytes_a_pixel(bytes), 0), |webp| (webp.bytes_a_pixel, webp.beside));
    admitted.memory = admit_pixels(&admitted, frame, kept, limits)?;
    if let Some(frame) = frame {
        let limit = most_scans(frame, u64::from(width) * u64::from(height), limits);
        if jpeg_scans(bytes, limit) > limit {
            return Err(NoPreview::TooManyScans { limit });
        }
    }
    Ok(admitted)
}

/// How many scans a JPEG may have: each colour has one, or the whole has as many as a decoder can afford.
fn most_scans(frame: JpegFrame, pixels: u64, limits: &Limits) -> usize {
    if !frame.is_progressive {
        return limits.max_scans.min(frame.components.into());
    }
    let affordable = limits.max_scanned_pixels / pixels.max(1);
    limits.max_scans.min(usize::try_from(affordable).unwrap_or(usize::MAX))
}

/// The strongest shrinking that leaves at least `side` pixels of the longer side.
fn divisor(longer: u32, side: u32) -> u32 {
    [8, 4, 2].into_iter().find(|divisor| longer.div_ceil(*divisor) >= side).unwrap_or(1)
}

/// Gives what a decoder holds: of a picture that is no JPEG, so many bytes of each pixel, and others beside them.
fn admit_pixels(
    admitted: &Admitted,
    frame: Option<JpegFrame>,
    (bytes_a_pixel, beside): (u64, u64),
    limits: &Limits,
) -> Result<u64, NoPreview> {
    let pixels = u64::from(admitted.width) * u64::from(admitted.height);
    let shrinks = frame.is_some_and(|frame| !frame.keeps_coefficients);
    let most = if shrinks { limits.max_pixels } else { limits.max_pixels.min(limits.max_pixels_unscaled) };
    if pixels > most {
        return Err(NoPreview::TooManyPixels { actual: pixels, limit: most });
    }
    let memory = match frame {
        Some(frame) => jpeg_memory(admitted, frame, pixels),
        None => (pixels * bytes_a_pixel).saturating_add(beside),
    };
    if memory > limits.max_alloc_bytes {
        return Err(NoPreview::TooMuchMemory { limit: limits.max_alloc_bytes });
    }
    Ok(memory)
}

/// What the pixels of a PNG take, of eight bits a channel whatever their depth is in the file.
///
/// # Units
/// Bytes a pixel.
fn png_bytes_a_pixel(bytes: &[u8]) -> u64 {
    // One colour that is clear makes alpha of it.
    let clear = u64::from(png_chunks(bytes, *b"tRNS").next().is_some());
    match bytes.get(25) {
        Some(0) => 1 + clear,
        // Colours, themselves or from a palette.
        Some(2 | 3) => 3 + clear,
        Some(4) => 2,
        _ => 4,
    }
}

/// Estimates what a decoder of a JPEG holds at once.
///
/// # Units
/// Bytes: for each component a plane and its share of the result, both shrunk, and where its scans have to be put
/// together also a coefficient of two bytes for each pixel, which is not shrunk and which no decoder here counts itself.
fn jpeg_memory(admitted: &Admitted, frame: JpegFrame, pixels: u64) -> u64 {
    let divisor = u64::from(admitted.divisor);
    let shrunk = pixels / (divisor * divisor);
    let coefficients = if frame.keeps_coefficients { 2 * pixels } else { 0 };
    u64::from(frame.components) * (2 * shrunk + coefficients)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jpeg_shrinks_by_the_largest_step_that_leaves_enough() {
        for (longer, expected) in
            [(1, 1), (1600, 1), (3198, 1), (3199, 2), (3200, 2), (4032, 2), (6400, 4), (12_799, 8), (16_000, 8)]
        {
            assert_eq!(divisor(longer, 1600), expected, "{longer}");
        }
    }
}
