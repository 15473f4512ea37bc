//! Turns bytes into pixels, under limits that are checked before a pixel buffer exists.
//!
//! Owns the decoder, its limits and the panic fence; it must not know what becomes of the pixels.

use std::io::Cursor;
use std::panic::catch_unwind;

use image::error::{ImageError, LimitErrorKind};
use image::{DynamicImage, ImageFormat, ImageReader};

use crate::sniff::jpeg_scans;
use crate::{Format, Limits, NoPreview, Sniffed, sniff};

/// Decodes a picture.
///
/// # Errors
/// The reason why the picture cannot or may not be decoded; see [`NoPreview`].
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<DynamicImage, NoPreview> {
    let format = admit(bytes, limits)?;
    // Decoders panic on some malformed files; the picture is then treated like any other damaged one.
    catch_unwind(|| read(bytes, format, limits)).unwrap_or(Err(NoPreview::DecoderPanicked))
}

/// Decides by size and header alone whether the picture may be decoded.
fn admit(bytes: &[u8], limits: &Limits) -> Result<ImageFormat, NoPreview> {
    if bytes.len() > limits.max_bytes {
        return Err(NoPreview::TooManyBytes { actual: bytes.len(), limit: limits.max_bytes });
    }
    let sniffed = sniff(bytes);
    let format = match sniffed.format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        Format::Heic | Format::Other => {
            return Err(NoPreview::Format { media_type: sniffed.format.media_type() });
        }
    };
    admit_size(&sniffed, limits)?;
    if sniffed.is_progressive && jpeg_scans(bytes, limits.max_scans) > limits.max_scans {
        return Err(NoPreview::TooManyScans { limit: limits.max_scans });
    }
    Ok(format)
}

fn admit_size(sniffed: &Sniffed, limits: &Limits) -> Result<(), NoPreview> {
    let (width, height) =
        sniffed.dimensions.filter(|(width, height)| *width > 0 && *height > 0).ok_or(NoPreview::NoSize)?;
    let side = width.max(height);
    if side > limits.max_side_px {
        return Err(NoPreview::SideTooLong { actual: side, limit: limits.max_side_px });
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels {
        return Err(NoPreview::TooManyPixels { actual: pixels, limit: limits.max_pixels });
    }
    if pixels * bytes_per_pixel(sniffed) > limits.max_alloc_bytes {
        return Err(NoPreview::TooMuchMemory { limit: limits.max_alloc_bytes });
    }
    Ok(())
}

/// Estimates what a decoder holds for each pixel.
///
/// # Units
/// Bytes: three colour bytes, or four with transparency; a progressive JPEG keeps three coefficients of two bytes
/// beside them until its last scan, which the limits of the `image` crate do not count.
fn bytes_per_pixel(sniffed: &Sniffed) -> u64 {
    match sniffed.format {
        Format::Jpeg if sniffed.is_progressive => 9,
        Format::Jpeg => 3,
        _ => 4,
    }
}

fn read(bytes: &[u8], format: ImageFormat, limits: &Limits) -> Result<DynamicImage, NoPreview> {
    let mut bounds = image::Limits::default();
    bounds.max_image_width = Some(limits.max_side_px);
    bounds.max_image_height = Some(limits.max_side_px);
    bounds.max_alloc = Some(limits.max_alloc_bytes);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(bounds);
    reader.decode().map_err(|error| refused(&error, limits))
}

fn refused(error: &ImageError, limits: &Limits) -> NoPreview {
    match error {
        ImageError::Limits(limit) if matches!(limit.kind(), LimitErrorKind::InsufficientMemory) => {
            NoPreview::TooMuchMemory { limit: limits.max_alloc_bytes }
        }
        other => NoPreview::Damaged { reason: other.to_string() },
    }
}
