//! Smaller copies of a picture, in colour and in grey.
//!
//! Owns the use of `fast_image_resize` and the choice of its filters; it must not know what the copies are for.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{GrayImage, RgbImage};

use crate::NoPreview;

/// Shrinks a picture to a longer side of at most `side` pixels; never enlarges.
pub(crate) fn shrink(picture: &RgbImage, side: u32) -> Result<Option<RgbImage>, NoPreview> {
    let Some((width, height)) = fitted(picture.dimensions(), side) else { return Ok(None) };
    let pixels =
        resized(picture.as_raw(), picture.dimensions(), (width, height), PixelType::U8x3, FilterType::Lanczos3)?;
    Ok(RgbImage::from_raw(width, height, pixels))
}

/// Returns how bright a picture is, dot by dot, with a longer side of at most `side` pixels.
pub(crate) fn luma(picture: &RgbImage, side: u32) -> Result<GrayImage, NoPreview> {
    let whole: Vec<u8> = picture.as_chunks::<3>().0.iter().map(brightness).collect();
    let size = picture.dimensions();
    let grey = match fitted(size, side) {
        Some(fitted) => {
            let pixels = resized(&whole, size, fitted, PixelType::U8, FilterType::Bilinear)?;
            GrayImage::from_raw(fitted.0, fitted.1, pixels)
        }
        None => GrayImage::from_raw(size.0, size.1, whole),
    };
    grey.ok_or_else(|| NoPreview::not_encoded("too few pixels"))
}

/// The weights of ITU-R BT.601 in parts of 256.
fn brightness([red, green, blue]: &[u8; 3]) -> u8 {
    let sum = u16::from(*red) * 77 + u16::from(*green) * 150 + u16::from(*blue) * 29;
    let [bright, _] = sum.to_be_bytes();
    bright
}

/// The size with a longer side of `side` pixels, unless the picture is that small already.
fn fitted((width, height): (u32, u32), side: u32) -> Option<(u32, u32)> {
    let longer = u64::from(width.max(height));
    let scaled = |length: u32| {
        let exact = (u64::from(length) * u64::from(side) + longer / 2) / longer.max(1);
        u32::try_from(exact).unwrap_or(side).max(1)
    };
    (longer > u64::from(side)).then(|| (scaled(width), scaled(height)))
}

fn resized(
    pixels: &[u8],
    (width, height): (u32, u32),
    (to_width, to_height): (u32, u32),
    kind: PixelType,
    filter: FilterType,
) -> Result<Vec<u8>, NoPreview> {
    let source = ImageRef::new(width, height, pixels, kind).map_err(NoPreview::not_encoded)?;
    let mut target = Image::new(to_width, to_height, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new().resize(&source, &mut target, &options).map_err(NoPreview::not_encoded)?;
    Ok(target.into_vec())
}
