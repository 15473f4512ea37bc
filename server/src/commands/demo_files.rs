//! `demo-photo` and `demo-ink`: files to play a visit with.

use std::path::Path;

use crate::cli::{DemoInkArgs, DemoPhotoArgs};
use crate::demo::ink::demo_ink;
use crate::demo::photo::demo_photo;

/// Draws the photo of a slot.
pub(super) fn photo(args: &DemoPhotoArgs) -> Result<(), String> {
    let jpeg = demo_photo(&args.slot, &args.order, &args.text).map_err(|error| error.to_string())?;
    write(&args.out, &jpeg)
}

/// Draws a signature.
pub(super) fn ink(args: &DemoInkArgs) -> Result<(), String> {
    let json = serde_json::to_vec(&demo_ink(&args.name)).map_err(|error| error.to_string())?;
    write(&args.out, &json)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
