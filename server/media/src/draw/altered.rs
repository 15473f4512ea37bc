//! New pictures made of old ones, as somebody makes them who has no new one.
//!
//! Owns the ways of altering a picture that re-use is tried out with.

use image::imageops;
use image::{Rgb, RgbImage};

use super::DrawError;
use super::canvas::{Canvas, Colour};
use super::dice::Dice;
use crate::decode::decode;
use crate::shrink::shrink;
use crate::{Deadline, Limits, NoPreview, Workspace};

/// The longer side in pixels beyond which a picture is altered at a smaller size, as phones' editors do.
const SIDE_PX: u32 = 2048;

/// How a picture was altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Alteration {
    /// Compressed anew, with a quality of 20 to 85.
    Recompressed,
    /// Shrunk to between a third and nine tenths.
    Resized,
    /// Up to a tenth cut off at each side, at each side another share.
    Cropped,
    /// Put into a border of one colour, up to a tenth of the side wide.
    Bordered,
    /// A date or a shop's name written over it.
    Stamped,
    /// Left and right changed over.
    Mirrored,
    /// Turned by one, two or three quarters.
    Rotated,
}

impl Alteration {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Recompressed,
        Self::Resized,
        Self::Cropped,
        Self::Bordered,
        Self::Stamped,
        Self::Mirrored,
        Self::Rotated,
    ];

    /// Alters a picture; how far follows from the seed.
    ///
    /// # Errors
    /// [`DrawError::Source`] if it cannot be decoded, [`DrawError::Encode`] if the encoder fails.
    pub fn apply(self, picture: &[u8], seed: u64) -> Result<Vec<u8>, DrawError> {
        let mut dice = Dice(Dice(seed).next());
        let source = source(picture).map_err(DrawError::Source)?;
        let quality = |least: u8, dice: &mut Dice| least + u8::try_from(dice.below(86 - u32::from(least))).unwrap_or(0);
        let (altered, quality) = match self {
            Self::Recompressed => (source, quality(20, &mut dice)),
            Self::Resized => (resized(&source, &mut dice).map_err(DrawError::Source)?, 85),
            Self::Cropped => (cropped(&source, &mut dice), quality(60, &mut dice)),
            Self::Bordered => (bordered(&source, &mut dice), quality(60, &mut dice)),
            Self::Stamped => (stamped(source, &mut dice), quality(60, &mut dice)),
            Self::Mirrored => (imageops::flip_horizontal(&source), quality(60, &mut dice)),
            Self::Rotated => (rotated(&source, &mut dice), quality(60, &mut dice)),
        };
        super::encode(altered.as_raw(), altered.dimensions(), quality)
    }
}

fn source(picture: &[u8]) -> Result<RgbImage, NoPreview> {
    let mut workspace = Workspace::default();
    let decoded = decode(picture, SIDE_PX, &Limits::default(), &Deadline::default(), &mut workspace)?.picture;
    Ok(shrink(&decoded, SIDE_PX, &mut workspace)?.unwrap_or(decoded))
}

/// A share of a length, in thousandths from 0 to `most`.
fn share(length: u32, most: u32, dice: &mut Dice) -> u32 {
    length * dice.below(most + 1).unsigned_abs() / 1000
}

fn resized(source: &RgbImage, dice: &mut Dice) -> Result<RgbImage, NoPreview> {
    let longer = source.width().max(source.height());
    let side = longer * (330 + dice.below(570).unsigned_abs()) / 1000;
    Ok(shrink(source, side, &mut Workspace::default())?.unwrap_or_else(|| source.clone()))
}

fn cropped(source: &RgbImage, dice: &mut Dice) -> RgbImage {
    let (width, height) = source.dimensions();
    let (left, right) = (share(width, 100, dice), share(width, 100, dice));
    let (top, bottom) = (share(height, 100, dice), share(height, 100, dice));
    imageops::crop_imm(source, left, top, width - left - right, height - top - bottom).to_image()
}

fn bordered(source: &RgbImage, dice: &mut Dice) -> RgbImage {
    let (width, height) = source.dimensions();
    let grey = u8::try_from(dice.below(256)).unwrap_or(255);
    let edge = width.min(height) * (20 + dice.below(81).unsigned_abs()) / 1000;
    let mut framed = RgbImage::from_pixel(width + 2 * edge, height + 2 * edge, Rgb([grey; 3]));
    imageops::replace(&mut framed, source, i64::from(edge), i64::from(edge));
    framed
}

fn stamped(source: RgbImage, dice: &mut Dice) -> RgbImage {
    let (width, height) = source.dimensions();
    let mut canvas = Canvas::over(source);
    let scale = canvas.height() / (90 + dice.below(60)) + 1;
    let ink = Colour::new(250, 214, 60);
    for line in 0..1 + dice.below(3) {
        let (left, top) = (canvas.width() * dice.below(40) / 100, canvas.height() * (4 + dice.below(84)) / 100);
        let text = ["2026-11-29 09:41", "Chengdu, Wuhou", "DOORSTEP 100000"];
        let text = text.get(usize::try_from(line).unwrap_or(0)).copied().unwrap_or_default();
        canvas.text(left, top, scale, text, ink);
    }
    RgbImage::from_raw(width, height, canvas.bytes().to_vec()).unwrap_or_default()
}

fn rotated(source: &RgbImage, dice: &mut Dice) -> RgbImage {
    match dice.below(3) {
        0 => imageops::rotate90(source),
        1 => imageops::rotate180(source),
        _ => imageops::rotate270(source),
    }
}
