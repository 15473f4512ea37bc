//! Turns bytes into pixels, under limits that are checked before a pixel buffer exists.
//!
//! Owns the choice of the decoder and the panic fence; it must not know what becomes of the pixels.

mod admit;
#[cfg(not(feature = "turbo"))]
mod jpeg;
#[cfg(feature = "turbo")]
#[path = "turbo.rs"]
mod jpeg;
mod png_webp;

use std::panic::catch_unwind;

use image::RgbImage;

use crate::{Deadline, Format, Limits, NoPreview};
use admit::{Admitted, admit};

/// A decoded picture, as the camera stored it: not yet upright.
pub(crate) struct Decoded {
    /// The pixels, perhaps fewer than the file holds.
    pub(crate) picture: RgbImage,
    /// Width of the file's picture in pixels.
    pub(crate) width: u32,
    /// Height of the file's picture in pixels.
    pub(crate) height: u32,
}

/// Decodes a picture to a longer side of `side` pixels or somewhat more; a smaller picture keeps its size.
///
/// # Errors
/// The reason why the picture cannot or may not be decoded; see [`NoPreview`].
pub(crate) fn decode(bytes: &[u8], side: u32, limits: &Limits, deadline: &Deadline) -> Result<Decoded, NoPreview> {
    let admitted = admit(bytes, side, limits)?;
    deadline.check()?;
    // Decoders panic on some malformed files; the picture is then treated like any other damaged one.
    let picture =
        catch_unwind(|| read(bytes, &admitted, side, limits, deadline)).unwrap_or(Err(NoPreview::DecoderPanicked));
    // What a decoder says of a reader that ran out of time is not worth telling.
    deadline.check()?;
    Ok(Decoded { picture: picture?, width: admitted.width, height: admitted.height })
}

fn read(
    bytes: &[u8],
    admitted: &Admitted,
    side: u32,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<RgbImage, NoPreview> {
    match admitted.format {
        Format::Jpeg => jpeg::read(bytes, admitted, limits, deadline),
        _ => png_webp::read(bytes, admitted, side, limits, deadline),
    }
}

/// The reason for a decoder that refused a file.
fn damaged(reason: impl ToString) -> NoPreview {
    NoPreview::Damaged { reason: reason.to_string() }
}
