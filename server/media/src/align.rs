//! Whether one of two pictures was cut out of the other, wherever the cut was made.
//!
//! Owns the search for the cut; it must not know what a likeness means.
//!
//! The stored windows of a photo are cut evenly around its middle. What was cut at one side only is some way off all of
//! them, though nearer than any other photo: for these few pairs the cut is looked for on their small copies.

use image::GrayImage;

use crate::decode::decode;
use crate::print::{Cuts, Print, least};
use crate::shrink::luma;
use crate::{Deadline, Limits, NoPreview, THUMBNAIL_SIDE_PX, Workspace};

/// What is tried at each side first, and how far the search goes.
///
/// # Units
/// Thousandths of the side.
const FIRST: [u32; 3] = [10, 50, 90];
const MOST: u32 = 160;

/// By how much a side is moved, in this order.
///
/// # Units
/// Thousandths of the side.
const STEPS: [u32; 3] = [24, 12, 6];

/// A picture so small that windows of it are cheap.
#[derive(Debug, Clone)]
pub struct Sample {
    luma: GrayImage,
    whole: Option<Print>,
}

impl Sample {
    /// The sample of a picture that is upright, as the small copies of a photo are.
    ///
    /// # Errors
    /// The reason why it cannot be decoded.
    pub fn of(bytes: &[u8]) -> Result<Self, NoPreview> {
        let mut workspace = Workspace::default();
        let picture =
            decode(bytes, THUMBNAIL_SIDE_PX, &Limits::default(), &Deadline::default(), &mut workspace)?.picture;
        let luma = luma(&picture, THUMBNAIL_SIDE_PX, &mut workspace)?;
        let whole = Cuts::default().print(&luma);
        Ok(Self { luma, whole })
    }

    /// The least distance found between the whole of one and a window of the other, in any orientation; nothing where they
    /// show too little.
    ///
    /// # Units
    /// Bits of 256, as the distance of two prints.
    #[must_use]
    pub fn distance(&self, other: &Self) -> Option<u32> {
        let within = |outer: &Self, inner: &Self| inner.whole.and_then(|print| outer.nearest_window(&print));
        within(self, other).into_iter().chain(within(other, self)).min()
    }

    /// The least distance of a print to a window: from the best of a grid, side by side, in ever smaller steps.
    fn nearest_window(&self, print: &Print) -> Option<u32> {
        let distance = |cuts: Cuts| least(print, &[cuts.print(&self.luma)]);
        let starts = grid().chain([Cuts::default()]);
        let (mut best, mut cuts) =
            starts.filter_map(|cuts| Some((distance(cuts)?, cuts))).min_by_key(|(bits, _)| *bits)?;
        for step in STEPS {
            while let Some((nearer, moved)) = moves(cuts, step)
                .filter_map(|cuts| Some((distance(cuts)?, cuts)))
                .min_by_key(|(bits, _)| *bits)
                .filter(|(bits, _)| *bits < best)
            {
                (best, cuts) = (nearer, moved);
            }
        }
        Some(best)
    }
}

/// Every combination of what is tried first.
fn grid() -> impl Iterator<Item = Cuts> {
    let each = || FIRST.into_iter();
    let across = each().flat_map(move |left| each().map(move |right| (left, right)));
    across.flat_map(move |(left, right)| {
        each().flat_map(move |top| each().map(move |bottom| Cuts { left, right, top, bottom }))
    })
}

/// The windows next to one: each side in or out, and the whole window across or down.
fn moves(cuts: Cuts, step: u32) -> impl Iterator<Item = Cuts> {
    let to_more = move |share: u32| (share + step).min(MOST);
    let to_less = move |share: u32| share.saturating_sub(step);
    let Cuts { left, right, top, bottom } = cuts;
    [
        Cuts { left: to_more(left), ..cuts },
        Cuts { left: to_less(left), ..cuts },
        Cuts { right: to_more(right), ..cuts },
        Cuts { right: to_less(right), ..cuts },
        Cuts { top: to_more(top), ..cuts },
        Cuts { top: to_less(top), ..cuts },
        Cuts { bottom: to_more(bottom), ..cuts },
        Cuts { bottom: to_less(bottom), ..cuts },
        Cuts { left: to_more(left), right: to_less(right), ..cuts },
        Cuts { left: to_less(left), right: to_more(right), ..cuts },
        Cuts { top: to_more(top), bottom: to_less(bottom), ..cuts },
        Cuts { top: to_less(top), bottom: to_more(bottom), ..cuts },
    ]
    .into_iter()
}
