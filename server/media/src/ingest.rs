//! Everything that is worked out from a photo, in one decoding.
//!
//! Owns the order of the steps; it must not know where the results are kept or what is found in them.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::RgbImage;
use sync_core::photo::quality::{self, Quality};

use crate::decode::{self, Decoded, Memory, decode};
use crate::facts::Facts;
use crate::preview::{PREVIEW_SIDE_PX, Previews, THUMBNAIL_SIDE_PX};
use crate::print::Prints;
use crate::shrink::{luma, shrink};
use crate::turned::{swaps_sides, turned};
use crate::{Deadline, Limits, NoPreview, Workspace, encode};

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

/// Works out everything that is kept of a photo beside its original, in memory of its own.
///
/// Equal bytes give equal results.
///
/// # Errors
/// [`NoPreview`]: the photo is kept, and this is the reason why it cannot be shown; [`NoPreview::TooSlow`] once the
/// deadline is over.
pub fn ingest(bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Ingested, NoPreview> {
    Workspace::default().ingest(bytes, limits, deadline)
}

impl Workspace {
    /// Does what [`ingest()`] does, in memory that is kept: what comes of a photo does not depend on those before.
    ///
    /// # Errors
    /// As [`ingest()`].
    pub fn ingest(&mut self, bytes: &[u8], limits: &Limits, deadline: &Deadline) -> Result<Ingested, NoPreview> {
        // Whatever panics on a malformed file costs a preview and nothing else; decoders have a fence of their own.
        let worked_out = catch_unwind(AssertUnwindSafe(|| worked_out(bytes, limits, deadline, self)));
        worked_out.unwrap_or_else(|_| {
            // Memory in which something panicked is not used again.
            *self = Self::default();
            Err(NoPreview::DecoderPanicked)
        })
    }
}

fn worked_out(
    bytes: &[u8],
    limits: &Limits,
    deadline: &Deadline,
    workspace: &mut Workspace,
) -> Result<Ingested, NoPreview> {
    let upright = Upright::of(bytes, limits, deadline, workspace)?;
    let luma = luma(&upright.picture, quality::SIDE_PX, workspace)?;
    deadline.check()?;
    let width = usize::try_from(luma.width()).unwrap_or(0);
    let quality = quality::quality(luma.as_raw(), width);
    let prints = Prints::of(&luma);
    workspace.give_back(luma.into_raw());
    deadline.check()?;
    let previews = upright.previews(workspace)?;
    workspace.give_back(upright.picture.into_raw());
    Ok(Ingested { previews, facts: upright.facts, quality, prints })
}

/// How much memory [`ingest()`] takes for a photo at most, by what stands before its pixels: none of them is allocated.
///
/// # Units
/// Bytes, those of the photo itself not counted; no more than a decoder may take.
///
/// # Errors
/// [`NoPreview`] as of [`ingest()`], where that needs no pixels.
pub fn memory(bytes: &[u8], limits: &Limits) -> Result<u64, NoPreview> {
    let memory = catch_unwind(|| decode::memory(bytes, PREVIEW_SIDE_PX, limits));
    let Memory { decoding, left } = memory.unwrap_or(Err(NoPreview::DecoderPanicked))?;
    let most = decoding.max(left.saturating_add(COPIES_BYTES));
    let limit = limits.max_alloc_bytes;
    if most > limit { Err(NoPreview::TooMuchMemory { limit }) } else { Ok(most) }
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
    fn of(bytes: &[u8], limits: &Limits, deadline: &Deadline, workspace: &mut Workspace) -> Result<Self, NoPreview> {
        let Decoded { mut picture, width, height, turn } = decode(bytes, PREVIEW_SIDE_PX, limits, deadline, workspace)?;
        let facts = Facts::of(bytes);
        if let Some(small) = shrink(&picture, PREVIEW_SIDE_PX, workspace)? {
            workspace.give_back(mem::replace(&mut picture, small).into_raw());
        }
        // Turning the small copy costs the least.
        let turn = turn.unwrap_or_else(|| facts.turn());
        let picture = turned(picture, turn, workspace);
        let (width, height) = if swaps_sides(turn) { (height, width) } else { (width, height) };
        deadline.check()?;
        Ok(Self { picture, facts, width, height })
    }

    fn previews(&self, workspace: &mut Workspace) -> Result<Previews, NoPreview> {
        let preview_1600 = encode::jpeg(&self.picture)?;
        let small = shrink(&self.picture, THUMBNAIL_SIDE_PX, workspace)?;
        let thumbnail_320 = encode::jpeg(small.as_ref().unwrap_or(&self.picture))?;
        if let Some(small) = small {
            workspace.give_back(small.into_raw());
        }
        Ok(Previews { preview_1600, thumbnail_320, width: self.width, height: self.height })
    }
}
