//! The two upright JPEG copies of a photo that people look at.
//!
//! Owns their sizes; it must not know where the copies are kept.

use crate::{Limits, NoPreview, ingest};

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
    ingest::previews(bytes, limits)
}
