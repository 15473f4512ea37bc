//! The two upright JPEG copies of a photo that people look at.
//!
//! Owns their sizes; it must not know where the copies are kept.

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

/// The upright copies of one photo: nothing of its metadata (position, time, device, colour profile) reaches them.
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
