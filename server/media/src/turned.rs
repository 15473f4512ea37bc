//! Turns a picture upright.
//!
//! Owns the change of rows and columns; it must not know what says how a picture is to be turned.

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use crate::Workspace;

/// Rows that are gone over at once: what they hold of a column stays in the cache of a processor.
const BAND: usize = 16;

/// Whether width and height change over.
pub(crate) const fn swaps_sides(turn: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(turn, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// Turns a picture; what stood there before serves for the next one.
pub(crate) fn turned(picture: RgbImage, turn: Orientation, workspace: &mut Workspace) -> RgbImage {
    use Orientation::{Rotate90, Rotate270, Rotate270FlipH};
    if !swaps_sides(turn) {
        let mut picture = DynamicImage::ImageRgb8(picture);
        picture.apply_orientation(turn);
        return picture.into_rgb8();
    }
    let (is_right_left, is_bottom_up) =
        (matches!(turn, Rotate90 | Rotate270FlipH), matches!(turn, Rotate270 | Rotate270FlipH));
    let mut target = workspace.picture(picture.height(), picture.width());
    transpose(&picture, &mut target, is_right_left, is_bottom_up);
    workspace.give_back(picture.into_raw());
    target
}

/// Writes each column of a picture as a row, from its end where that is asked for, the last column first where that is.
fn transpose(picture: &RgbImage, target: &mut RgbImage, is_right_left: bool, is_bottom_up: bool) {
    let [width, height] = [picture.width(), picture.height()].map(|side| usize::try_from(side).unwrap_or(0).max(1));
    let source = picture.as_chunks::<3>().0;
    let target = target.as_chunks_mut::<3>().0;
    for (number, band) in source.chunks(width * BAND).enumerate() {
        let (from, count) = (number * BAND, band.len() / width);
        let from = if is_right_left { height.saturating_sub(from + count) } else { from };
        for (row, cells) in target.chunks_exact_mut(height).enumerate() {
            let column = if is_bottom_up { width - 1 - row } else { row };
            let dots = band.iter().skip(column).step_by(width);
            let cells = cells.iter_mut().skip(from).take(count);
            if is_right_left {
                cells.rev().zip(dots).for_each(|(cell, dot)| *cell = *dot);
            } else {
                cells.zip(dots).for_each(|(cell, dot)| *cell = *dot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_turned_as_its_orientation_says() {
        for (width, height) in [(1, 1), (1, 40), (40, 1), (16, 16), (33, 50), (50, 17)] {
            let dots = (0..width * height * 3).map(|dot| u8::try_from(dot % 251).unwrap()).collect();
            let picture = RgbImage::from_raw(width, height, dots).unwrap();
            for turn in (1..=8).map(|value| Orientation::from_exif(value).unwrap()) {
                let mut expected = DynamicImage::ImageRgb8(picture.clone());
                expected.apply_orientation(turn);
                let mut workspace = Workspace::default();
                assert_eq!(turned(picture.clone(), turn, &mut workspace), expected.into_rgb8(), "{turn:?}");
            }
        }
    }
}
