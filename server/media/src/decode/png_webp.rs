//! PNG and WebP, of animated ones the first picture: decoded in full.
//!
//! Owns the use of the decoders of the `image` crate.

use image::error::{ImageError, LimitErrorKind};
use image::{DynamicImage, ImageFormat, ImageReader, RgbImage};

use super::{Admitted, damaged};
use crate::deadline::DeadlineReader;
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
    let format = if admitted.format == Format::Png { ImageFormat::Png } else { ImageFormat::WebP };
    let mut reader = ImageReader::with_format(DeadlineReader::new(bytes, deadline), format);
    reader.limits(bounds);
    let picture = reader.decode().map_err(|error| refused(&error, limits))?;
    Ok(flatten(coarse(picture, side.saturating_mul(2))))
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

fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    let mixed = (channel * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

fn refused(error: &ImageError, limits: &Limits) -> NoPreview {
    match error {
        ImageError::Limits(limit) if matches!(limit.kind(), LimitErrorKind::InsufficientMemory) => {
            NoPreview::TooMuchMemory { limit: limits.max_alloc_bytes }
        }
        other => damaged(other),
    }
}
