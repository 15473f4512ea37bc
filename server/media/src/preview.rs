//! Makes the two upright JPEG copies of a photo that people look at.
//!
//! Owns the sizes, the quality and the order of the steps; it must not know where the copies are kept.

use std::panic::catch_unwind;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ExtendedColorType, Rgb, RgbImage};

use crate::decode::decode;
use crate::orientation::orientation;
use crate::{Limits, NoPreview};

/// Longer side of the copy that a reviewer judges.
///
/// # Units
/// Pixels.
/// # Source
/// Photo design: enough to read a meter or a serial number, about 250 kB.
pub const PREVIEW_SIDE_PX: u32 = 1600;

/// Longer side of the copy in lists and grids.
///
/// # Units
/// Pixels.
pub const THUMBNAIL_SIDE_PX: u32 = 320;

/// JPEG quality of both copies, 1 to 100.
///
/// # Source
/// Photo design: the quality at which the peers were compared.
const QUALITY: u8 = 82;

/// The upright copies of one photo, free of metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previews {
    /// JPEG of at most [`PREVIEW_SIDE_PX`]; a smaller photo keeps its size.
    pub preview_1600: Vec<u8>,
    /// JPEG of at most [`THUMBNAIL_SIDE_PX`]; a smaller photo keeps its size.
    pub thumbnail_320: Vec<u8>,
    /// Width of the original in pixels, when held upright.
    pub width: u32,
    /// Height of the original in pixels, when held upright.
    pub height: u32,
}

/// Makes the previews of a photo under the default limits.
///
/// Equal bytes give equal previews. Nothing of the original's metadata (position, time, device, colour profile)
/// reaches the copies.
///
/// # Errors
/// [`NoPreview`]: the photo is kept, and this is the reason why it cannot be shown.
pub fn preview(bytes: &[u8]) -> Result<Previews, NoPreview> {
    preview_within(bytes, &Limits::default())
}

/// Makes the previews of a photo under the given limits; otherwise as [`preview`].
///
/// # Errors
/// As [`preview`].
pub fn preview_within(bytes: &[u8], limits: &Limits) -> Result<Previews, NoPreview> {
    // `decode` has its own fence; this one covers EXIF, resampling and encoding.
    catch_unwind(|| make(bytes, limits)).unwrap_or(Err(NoPreview::DecoderPanicked))
}

fn make(bytes: &[u8], limits: &Limits) -> Result<Previews, NoPreview> {
    let picture = decode(bytes, limits)?;
    // Turning the small copy costs a fraction of turning the original; the original's size turns with it.
    let turn = orientation(bytes);
    let (width, height) =
        if swaps_sides(turn) { (picture.height(), picture.width()) } else { (picture.width(), picture.height()) };
    let mut large = shrink(picture, PREVIEW_SIDE_PX);
    large.apply_orientation(turn);
    let large = flatten(&large);
    let preview_1600 = encode(&large)?;
    let small = shrink(DynamicImage::ImageRgb8(large), THUMBNAIL_SIDE_PX).into_rgb8();
    Ok(Previews { preview_1600, thumbnail_320: encode(&small)?, width, height })
}

fn swaps_sides(turn: image::metadata::Orientation) -> bool {
    use image::metadata::Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(turn, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// Shrinks a picture to a longer side of at most `side` pixels; never enlarges.
///
/// Far larger pictures are first averaged down to twice the wanted size: cheap, and the fine filter, which works on
/// floating-point copies, then needs little memory.
fn shrink(picture: DynamicImage, side: u32) -> DynamicImage {
    let longer = picture.width().max(picture.height());
    if longer <= side {
        return picture;
    }
    let twice = side.saturating_mul(2);
    let coarse = if longer > twice {
        let averaged = picture.thumbnail(twice, twice);
        // The largest buffer of all goes before the fine filter takes its own.
        drop(picture);
        averaged
    } else {
        picture
    };
    coarse.resize(side, side, FilterType::CatmullRom)
}

/// Puts a picture on white paper: JPEG has no transparency.
fn flatten(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let layered = picture.to_rgba8();
    let mut paper = RgbImage::new(layered.width(), layered.height());
    for (target, source) in paper.pixels_mut().zip(layered.pixels()) {
        let [red, green, blue, alpha] = source.0;
        *target = Rgb([red, green, blue].map(|channel| over_white(channel, alpha)));
    }
    paper
}

fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    let mixed = (channel * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

fn encode(picture: &RgbImage) -> Result<Vec<u8>, NoPreview> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .map_err(|error| NoPreview::NotEncoded { reason: error.to_string() })?;
    Ok(bytes)
}
