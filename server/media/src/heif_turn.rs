//! What a HEIF says of a picture that was decoded: which part of it is shown, and how it is turned.
//!
//! Owns the arithmetic; it must not know the container.

use image::metadata::Orientation;

/// The part of a picture that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Pixels left of it.
    pub(crate) left: u32,
    /// Pixels above it.
    pub(crate) top: u32,
    /// Its width in pixels, not zero.
    pub(crate) width: u32,
    /// Its height in pixels, not zero.
    pub(crate) height: u32,
}

impl Cut {
    /// All of a picture.
    pub(crate) fn whole(width: u32, height: u32) -> Self {
        Self { left: 0, top: 0, width, height }
    }

    /// A part of this one, with its size and the distance of its centre from that of this one as fractions; nothing if
    /// it is empty or reaches outside.
    ///
    /// # Source
    /// ISO/IEC 14496-12, 12.1.4 (clean aperture).
    pub(crate) fn within(
        self,
        (width, height): ((u32, u32), (u32, u32)),
        (across, down): ((i32, u32), (i32, u32)),
    ) -> Option<Self> {
        let (from_left, width) = part(self.width, width, across)?;
        let (from_top, height) = part(self.height, height, down)?;
        Some(Self { left: self.left + from_left, top: self.top + from_top, width, height })
    }

    /// The same part of a picture that was made smaller.
    pub(crate) fn scaled(self, from: (u32, u32), to: (u32, u32)) -> Self {
        let (left, width) = scaled((self.left, self.width), from.0, to.0);
        let (top, height) = scaled((self.top, self.height), from.1, to.1);
        Self { left, top, width, height }
    }
}

/// Where a part of a side begins, and its length.
fn part(whole: u32, length: (u32, u32), from_centre: (i32, u32)) -> Option<(u32, u32)> {
    let (whole, length) = (i128::from(whole), (i128::from(length.0), i128::from(length.1)));
    let offset = (i128::from(from_centre.0), i128::from(from_centre.1));
    if length.1 == 0 || offset.1 == 0 {
        return None;
    }
    // offset + (whole - length) / 2, on one denominator.
    let begin = rounded(2 * offset.0 * length.1 + (whole * length.1 - length.0) * offset.1, 2 * offset.1 * length.1);
    let length = rounded(length.0, length.1);
    let fits = begin >= 0 && length > 0 && begin + length <= whole;
    fits.then_some(())?;
    Some((u32::try_from(begin).ok()?, u32::try_from(length).ok()?))
}

fn rounded(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator + denominator).div_euclid(2 * denominator)
}

fn scaled((begin, length): (u32, u32), from: u32, to: u32) -> (u32, u32) {
    let place = |at: u32| {
        let exact = u64::from(at) * u64::from(to) / u64::from(from.max(1));
        u32::try_from(exact).unwrap_or(to)
    };
    let begin_there = place(begin).min(to.saturating_sub(1));
    (begin_there, place(begin.saturating_add(length)).saturating_sub(begin_there).max(1))
}

/// How a picture is turned: by quarters clockwise, and then perhaps left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Turn {
    quarters: u8,
    is_mirrored: bool,
}

impl Turn {
    /// This, and then quarters of a turn anticlockwise.
    pub(crate) fn then_anticlockwise(self, quarters: u8) -> Self {
        // In a mirror the other way round.
        let clockwise = if self.is_mirrored { quarters & 3 } else { 4 - (quarters & 3) };
        Self { quarters: (self.quarters + clockwise) & 3, ..self }
    }

    /// This, and then top to bottom, or left to right.
    pub(crate) fn then_mirrored(self, is_top_to_bottom: bool) -> Self {
        // Top to bottom is left to right and half a turn.
        let turned = if is_top_to_bottom { self.then_anticlockwise(2) } else { self };
        Self { is_mirrored: !turned.is_mirrored, ..turned }
    }

    /// The same for whoever carries it out.
    pub(crate) fn orientation(self) -> Orientation {
        match (self.quarters, self.is_mirrored) {
            (0, false) => Orientation::NoTransforms,
            (0, true) => Orientation::FlipHorizontal,
            (1, false) => Orientation::Rotate90,
            (1, true) => Orientation::Rotate90FlipH,
            (2, false) => Orientation::Rotate180,
            // Half a turn and a mirror.
            (2, true) => Orientation::FlipVertical,
            (_, false) => Orientation::Rotate270,
            (_, true) => Orientation::Rotate270FlipH,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_lies_where_its_fractions_say() {
        let whole = Cut::whole(100, 60);
        let centred = whole.within(((80, 1), (40, 1)), ((0, 1), (0, 1)));
        assert_eq!(centred, Some(Cut { left: 10, top: 10, width: 80, height: 40 }));
        let to_the_right = whole.within(((159, 2), (60, 1)), ((20, 2), (0, 9)));
        assert_eq!(to_the_right, Some(Cut { left: 20, top: 0, width: 80, height: 60 }));
        let upper_left = whole.within(((99, 1), (59, 1)), ((-1, 2), (-1, 2)));
        assert_eq!(upper_left, Some(Cut { left: 0, top: 0, width: 99, height: 59 }));
        for (size, offset) in [
            (((101, 1), (60, 1)), ((0, 1), (0, 1))),
            (((80, 1), (40, 1)), ((11, 1), (0, 1))),
            (((80, 1), (40, 1)), ((i32::MIN, 1), (0, 1))),
            (((80, 0), (40, 1)), ((0, 1), (0, 1))),
            (((80, 1), (40, 1)), ((0, 0), (0, 1))),
            (((0, 1), (40, 1)), ((0, 1), (0, 1))),
            (((u32::MAX, u32::MAX), (u32::MAX, 1)), ((i32::MAX, u32::MAX), (0, 1))),
        ] {
            assert_eq!(whole.within(size, offset), None, "{size:?} {offset:?}");
        }
    }

    #[test]
    fn a_part_of_a_smaller_copy_is_never_empty_and_never_outside() {
        let cut = Cut { left: 99, top: 0, width: 1, height: 60 };
        assert_eq!(cut.scaled((100, 60), (50, 30)), Cut { left: 49, top: 0, width: 1, height: 30 });
        assert_eq!(cut.scaled((100, 60), (1, 1)), Cut { left: 0, top: 0, width: 1, height: 1 });
    }

    #[test]
    fn turns_and_mirrors_add_up_in_their_order() {
        use image::{DynamicImage, GrayImage};
        let corners = GrayImage::from_raw(2, 2, vec![1, 2, 3, 4]).map(DynamicImage::ImageLuma8).unwrap();
        type Step = (Option<u8>, bool);
        let steps: [Step; 6] =
            [(Some(0), false), (Some(1), false), (Some(2), false), (Some(3), false), (None, true), (None, false)];
        let carried_out = |picture: DynamicImage, step: Step| match step {
            (Some(0), _) => picture,
            (Some(1), _) => picture.rotate270(),
            (Some(2), _) => picture.rotate180(),
            (Some(_), _) => picture.rotate90(),
            (None, true) => picture.flipv(),
            (None, false) => picture.fliph(),
        };
        let told = |turn: Turn, step: Step| match step {
            (Some(quarters), _) => turn.then_anticlockwise(quarters),
            (None, is_top_to_bottom) => turn.then_mirrored(is_top_to_bottom),
        };
        for first in steps {
            for second in steps {
                for third in steps {
                    let order = [first, second, third];
                    let expected = order.into_iter().fold(corners.clone(), carried_out);
                    let turn = order.into_iter().fold(Turn::default(), told);
                    let mut turned = corners.clone();
                    turned.apply_orientation(turn.orientation());
                    assert_eq!(turned, expected, "{order:?}");
                }
            }
        }
    }
}
