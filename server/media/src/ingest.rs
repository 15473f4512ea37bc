//! Everything that is worked out from a photo, in one decoding.
//!
//! Owns the order of the steps; it must not know where the results are kept or what is found in them.

use std::panic::catch_unwind;

use image::{DynamicImage, RgbImage};
use sync_core::photo::quality::{self, Quality};

use crate::decode::{self, decode};
use crate::facts::Facts;
use crate::preview::{PREVIEW_SIDE_PX, Previews, THUMBNAIL_SIDE_PX};
use crate::print::Prints;
use crate::shrink::{luma, shrink};
use crate::{Deadline, Limits, NoPreview, encode};

/// What a photo gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// Its upright copies.
    pub previews: Previews,
    /// What its metadata says.
    pub facts: Facts,
    /// How sharp and how well lit it is.
    pub quality: Quality,
    /// By what it is found again.
    pub prints: Prints,
}

/// Works out everything that is kept of a photo beside its original.
///
/// Equal bytes give equal results.
///
/// # Errors
/// [`NoPreview`]: the photo is kept, and this is the reason why it cannot be shown; [`NoPreview::TooSlow`] once the
/// deadline is over.
pub fn ingest(bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Ingested, NoPreview> {
    // Whatever panics on a malformed file costs a preview and nothing else; decoders have a fence of their own.
    catch_unwind(|| {
        let upright = Upright::of(bytes, limits, deadline)?;
        let luma = luma(&upright.picture, quality::SIDE_PX)?;
        deadline.check()?;
        let width = usize::try_from(luma.width()).unwrap_or(0);
        let quality = quality::quality(luma.as_raw(), width);
        let prints = Prints::of(&luma);
        deadline.check()?;
        Ok(Ingested { previews: upright.previews()?, facts: upright.facts, quality, prints })
    })
    .unwrap_or(Err(NoPreview::DecoderPanicked))
}

/// How much memory [`ingest()`] takes for a photo at most, by what stands before its pixels: none of them is allocated.
///
/// # Units
/// Bytes, those of the photo itself not counted.
///
/// # Errors
/// [`NoPreview`] as of [`ingest()`], where that needs no pixels.
pub fn memory(bytes: &[u8], limits: &Limits) -> Result<u64, NoPreview> {
    let decoding = catch_unwind(|| decode::memory(bytes, PREVIEW_SIDE_PX, limits));
    Ok(decoding.unwrap_or(Err(NoPreview::DecoderPanicked))?.saturating_add(COPIES_BYTES))
}

/// What is made of a decoded picture, at most.
///
/// # Units
/// Bytes (24 MiB): the larger copy twice, and while it is shrunk one of its width and of the height of what was decoded.
const COPIES_BYTES: u64 = 24 << 20;

/// A photo as it was meant to be seen, no larger than its larger copy.
struct Upright {
    picture: RgbImage,
    facts: Facts,
    width: u32,
    height: u32,
}

impl Upright {
    fn of(bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Self, NoPreview> {
        let decoded = decode(bytes, PREVIEW_SIDE_PX, limits, deadline)?;
        let facts = Facts::of(bytes);
        let small = shrink(&decoded.picture, PREVIEW_SIDE_PX)?;
        // The largest buffer of all goes before the next is taken; turning the small copy costs the least.
        let mut picture = DynamicImage::ImageRgb8(small.unwrap_or(decoded.picture));
        let turn = decoded.turn.unwrap_or_else(|| facts.turn());
        picture.apply_orientation(turn);
        let (width, height) =
            if swaps_sides(turn) { (decoded.height, decoded.width) } else { (decoded.width, decoded.height) };
        deadline.check()?;
        Ok(Self { picture: picture.into_rgb8(), facts, width, height })
    }

    fn previews(&self) -> Result<Previews, NoPreview> {
        let preview_1600 = encode::jpeg(&self.picture)?;
        let small = shrink(&self.picture, THUMBNAIL_SIDE_PX)?;
        let thumbnail_320 = encode::jpeg(small.as_ref().unwrap_or(&self.picture))?;
        Ok(Previews { preview_1600, thumbnail_320, width: self.width, height: self.height })
    }
}

fn swaps_sides(turn: image::metadata::Orientation) -> bool {
    use image::metadata::Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(turn, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}
