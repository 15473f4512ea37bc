//! Reads how a camera was held from a photo's EXIF.
//!
//! Broken EXIF is common and harmless: it means "upright", it never costs a preview.

use std::io::Cursor;

use exif::{In, Reader, Tag};
use image::metadata::Orientation;

/// Returns the orientation that a photo's EXIF declares, or none to apply.
///
/// # Source
/// EXIF 2.32, tag 0x0112, values 1 to 8.
pub(crate) fn orientation(bytes: &[u8]) -> Orientation {
    declared(bytes).and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

fn declared(bytes: &[u8]) -> Option<u8> {
    let exif = Reader::new().read_from_container(&mut Cursor::new(bytes)).ok()?;
    let value = exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0)?;
    u8::try_from(value).ok()
}
