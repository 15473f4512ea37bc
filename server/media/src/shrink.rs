//! Smaller copies of a picture, in colour and in grey.
//!
//! Owns the use of `fast_image_resize` and the choice of its filters; it must not know what the copies are for.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{InnerPixel, U8, U8x3};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions};
use image::{GrayImage, RgbImage};

use crate::{NoPreview, Workspace};

/// Shrinks a picture to a longer side of at most `side` pixels; never enlarges.
pub(crate) fn shrink(picture: &RgbImage, side: u32, workspace: &mut Workspace) -> Result<Option<RgbImage>, NoPreview> {
    let Some((width, height)) = fitted(picture.dimensions(), side) else { return Ok(None) };
    let mut small = workspace.picture(width, height);
    resize::<U8x3>(picture, picture.dimensions(), &mut small, (width, height), FilterType::Lanczos3, workspace)?;
    Ok(Some(small))
}

/// Returns how bright a picture is, dot by dot, with a longer side of at most `side` pixels.
pub(crate) fn luma(picture: &RgbImage, side: u32, workspace: &mut Workspace) -> Result<GrayImage, NoPreview> {
    let dots = picture.as_chunks::<3>().0;
    let mut whole = workspace.buffer(dots.len());
    whole.iter_mut().zip(dots).for_each(|(grey, colours)| *grey = brightness(colours));
    let size = picture.dimensions();
    let Some((width, height)) = fitted(size, side) else { return grey(size, whole) };
    let mut small = workspace.buffer(area((width, height)));
    resize::<U8>(&whole, size, &mut small, (width, height), FilterType::Bilinear, workspace)?;
    workspace.give_back(whole);
    grey((width, height), small)
}

fn grey((width, height): (u32, u32), dots: Vec<u8>) -> Result<GrayImage, NoPreview> {
    GrayImage::from_raw(width, height, dots).ok_or_else(|| NoPreview::not_encoded("too few pixels"))
}

fn area((width, height): (u32, u32)) -> usize {
    usize::try_from(u64::from(width) * u64::from(height)).unwrap_or(usize::MAX)
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

fn resize<P: InnerPixel + PixelTrait>(
    pixels: &[u8],
    (width, height): (u32, u32),
    target: &mut [u8],
    (to_width, to_height): (u32, u32),
    filter: FilterType,
    workspace: &mut Workspace,
) -> Result<(), NoPreview> {
    let source = TypedImageRef::<P>::from_buffer(width, height, pixels).map_err(NoPreview::not_encoded)?;
    let mut target = TypedImage::<P>::from_buffer(to_width, to_height, target).map_err(NoPreview::not_encoded)?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    workspace.resizer.resize_typed(&source, &mut target, &options).map_err(NoPreview::not_encoded)
}
