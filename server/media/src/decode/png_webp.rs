//! PNG and WebP, of animated ones the first picture: decoded in full.
//!
//! Owns the use of the decoders of the `image` crate.

use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::{ImageError, LimitErrorKind};
use image::{DynamicImage, ImageDecoder, ImageResult, RgbImage};

use super::{Admitted, damaged, over_white};
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
    let mut bounds = image::Limits::default();
    bounds.max_image_width = Some(limits.max_side_px);
    bounds.max_image_height = Some(limits.max_side_px);
    bounds.max_alloc = Some(limits.max_alloc_bytes);
    let reader = DeadlineReader::new(bytes, deadline);
    let picture = if admitted.format == Format::Png {
        let mut beside = bounds.clone();
        beside.max_alloc = Some(MAX_BESIDE_BYTES);
        PngDecoder::with_limits(reader, beside).and_then(|decoder| decoded(decoder, bounds))
    } else {
        WebPDecoder::new(reader).and_then(|decoder| decoded(decoder, bounds))
    };
    let picture = picture.map_err(|error| refused(&error, limits))?;
    Ok(flatten(coarse(picture, side.saturating_mul(2))))
}

/// What is held beside the pixels of a picture while they are decoded and put on paper, at most.
///
/// # Units
/// Bytes: what stands in a PNG beside its pixels, and of a picture of up to twice the side a copy in three colours or four.
pub(super) fn memory_beside(admitted: &Admitted, side: u32) -> u64 {
    let pixels = u64::from(admitted.width) * u64::from(admitted.height);
    let most = u64::from(side.saturating_mul(2));
    MAX_BESIDE_BYTES.saturating_add(4 * pixels.min(most * most))
}

/// Lets a decoder have its pixels if they are within bounds, of which what stands beside them has a share of its own.
fn decoded(mut decoder: impl ImageDecoder, mut bounds: image::Limits) -> ImageResult<DynamicImage> {
    bounds.reserve(decoder.total_bytes())?;
    decoder.set_limits(bounds)?;
    DynamicImage::from_decoder(decoder)
}

/// Averages a far larger picture down, which is cheap, before anything makes another copy of it.
fn coarse(picture: DynamicImage, side: u32) -> DynamicImage {
    if picture.width().max(picture.height()) > side { picture.thumbnail(side, side) } else { picture }
}

/// Puts a picture on white paper: JPEG has no transparency.
fn flatten(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let layered = picture.into_rgba8();
    let mut paper = RgbImage::new(layered.width(), layered.height());
    for (target, source) in paper.pixels_mut().zip(layered.pixels()) {
        let [red, green, blue, alpha] = source.0;
        target.0 = [red, green, blue].map(|channel| over_white(channel, alpha));
    }
    paper
}

fn refused(error: &ImageError, limits: &Limits) -> NoPreview {
    match error {
        ImageError::Limits(limit) if matches!(limit.kind(), LimitErrorKind::InsufficientMemory) => {
            NoPreview::TooMuchMemory { limit: limits.max_alloc_bytes }
        }
        other => damaged(other),
    }
}
