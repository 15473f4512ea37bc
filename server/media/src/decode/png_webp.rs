//! PNG and WebP, of animated ones the first picture: decoded in full.
//!
//! Owns the use of the decoders of the `png` and `image` crates. Pixels have eight bits a channel from the beginning, and
//! what is made of them is made where they stand: a picture is held once.

use image::codecs::webp::WebPDecoder;
use image::error::{ImageError, LimitErrorKind};
use image::{ColorType, ImageDecoder as _, RgbImage};
use png::{DecodingError, Transformations};

use super::paper::{Pixels, on_paper};
use super::{Admitted, damaged};
use crate::deadline::DeadlineReader;
use crate::limits::MAX_BESIDE_BYTES;
use crate::{Deadline, Format, Limits, NoPreview};

/// Decodes an admitted picture and puts it on white paper.
pub(super) fn read(
    bytes: &[u8],
    admitted: &Admitted,
    side: u32,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<RgbImage, NoPreview> {
    let reader = DeadlineReader::new(bytes, deadline);
    let pixels = if admitted.format == Format::Png {
        png(reader, admitted, limits)?
    } else {
        webp(reader, limits).map_err(|error| refused(&error, limits))?
    };
    on_paper(pixels, side.saturating_mul(2)).ok_or_else(|| damaged("too few pixels"))
}

/// What a PNG may have beside its pixels: what they leave of the memory, if that is less than the share for it.
///
/// # Units
/// Bytes.
pub(super) fn beside_png(pixel_bytes: u64, limits: &Limits) -> u64 {
    limits.max_alloc_bytes.saturating_sub(pixel_bytes).min(MAX_BESIDE_BYTES)
}

/// Decodes a PNG to eight bits a channel: what is deeper, coded in a palette or interlaced is put together row by row.
fn png(reader: DeadlineReader<'_>, admitted: &Admitted, limits: &Limits) -> Result<Pixels, NoPreview> {
    let too_much = || NoPreview::TooMuchMemory { limit: limits.max_alloc_bytes };
    let refused = |error: DecodingError| match error {
        DecodingError::LimitsExceeded => too_much(),
        other => damaged(other),
    };
    let beside = usize::try_from(beside_png(admitted.memory, limits)).unwrap_or(usize::MAX);
    let mut decoder = png::Decoder::new_with_limits(reader, png::Limits { bytes: beside });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut decoder = decoder.read_info().map_err(refused)?;
    let bytes = decoder.output_buffer_size().ok_or_else(too_much)?;
    // What was admitted is what is decoded: the library has read the header for itself.
    if u64::try_from(bytes).unwrap_or(u64::MAX) > admitted.memory {
        return Err(damaged("two headers that differ"));
    }
    let mut pixels = vec![0; bytes];
    let frame = decoder.next_frame(&mut pixels).map_err(refused)?;
    Ok(Pixels { bytes: pixels, width: frame.width, height: frame.height, channels: frame.color_type.samples() })
}

fn webp(reader: DeadlineReader<'_>, limits: &Limits) -> Result<Pixels, ImageError> {
    let mut bounds = image::Limits::default();
    bounds.max_image_width = Some(limits.max_side_px);
    bounds.max_image_height = Some(limits.max_side_px);
    bounds.max_alloc = Some(limits.max_alloc_bytes);
    let mut decoder = WebPDecoder::new(reader)?;
    bounds.reserve(decoder.total_bytes())?;
    decoder.set_limits(bounds)?;
    let (width, height) = decoder.dimensions();
    let channels = if decoder.color_type() == ColorType::Rgba8 { 4 } else { 3 };
    let mut pixels = vec![0; usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX)];
    decoder.read_image(&mut pixels)?;
    Ok(Pixels { bytes: pixels, width, height, channels })
}

fn refused(error: &ImageError, limits: &Limits) -> NoPreview {
    match error {
        ImageError::Limits(limit) if matches!(limit.kind(), LimitErrorKind::InsufficientMemory) => {
            NoPreview::TooMuchMemory { limit: limits.max_alloc_bytes }
        }
        other => damaged(other),
    }
}
