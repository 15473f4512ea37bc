//! Turns bytes into pixels, under limits that are checked before a pixel buffer exists.
//!
//! Owns the choice of the decoder and the panic fence; it must not know what becomes of the pixels.

mod admit;
mod heic;
mod jpeg;
mod png_webp;
#[cfg(feature = "turbo")]
mod turbo;

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::RgbImage;
use image::metadata::Orientation;

use crate::{Deadline, Format, Limits, NoPreview, Workspace, sniff};
use admit::{Admitted, admit};
#[cfg(not(feature = "turbo"))]
use jpeg::read as read_jpeg;
#[cfg(feature = "turbo")]
use turbo::read as read_jpeg;

/// A decoded picture, as the camera stored it: not yet upright.
pub(crate) struct Decoded {
    /// The pixels, perhaps fewer than the file holds.
    pub(crate) picture: RgbImage,
    /// Width of the file's picture in pixels.
    pub(crate) width: u32,
    /// Height of the file's picture in pixels.
    pub(crate) height: u32,
    /// What makes it upright, where the format says so itself; otherwise EXIF does.
    pub(crate) turn: Option<Orientation>,
}

/// Decodes a picture to a longer side of `side` pixels or somewhat more; a smaller picture keeps its size.
///
/// # Errors
/// The reason why the picture cannot or may not be decoded; see [`NoPreview`].
pub(crate) fn decode(
    bytes: &[u8],
    side: u32,
    limits: &Limits,
    deadline: &Deadline,
    workspace: &mut Workspace,
) -> Result<Decoded, NoPreview> {
    if bytes.len() > limits.max_bytes {
        return Err(NoPreview::TooManyBytes { actual: bytes.len(), limit: limits.max_bytes });
    }
    // Decoders panic on some malformed files; the picture is then treated like any other damaged one.
    let decoded = if sniff(bytes).format == Format::Heic {
        catch_unwind(|| heic::read(bytes, side, limits, deadline))
    } else {
        let admitted = admit(bytes, side, limits)?;
        deadline.check()?;
        let Admitted { width, height, .. } = admitted;
        // What a decoder is given of the workspace is in it no more.
        let picture = catch_unwind(AssertUnwindSafe(|| match admitted.format {
            Format::Jpeg => read_jpeg(bytes, &admitted, limits, deadline, workspace),
            _ => png_webp::read(bytes, &admitted, side, limits, deadline),
        }));
        picture.map(|picture| picture.map(|picture| Decoded { picture, width, height, turn: None }))
    };
    let decoded = decoded.unwrap_or(Err(NoPreview::DecoderPanicked));
    // What a decoder says of a reader that ran out of time is not worth telling.
    deadline.check()?;
    decoded
}

/// How much memory it takes at most to decode a picture to a longer side of `side` pixels, by what stands before its pixels.
///
/// # Units
/// Bytes, those of the file not counted.
///
/// # Errors
/// As [`decode`], as far as it decides without a pixel.
pub(crate) fn memory(bytes: &[u8], side: u32, limits: &Limits) -> Result<u64, NoPreview> {
    if bytes.len() > limits.max_bytes {
        return Err(NoPreview::TooManyBytes { actual: bytes.len(), limit: limits.max_bytes });
    }
    if sniff(bytes).format == Format::Heic {
        return heic::memory(bytes, side, limits);
    }
    let admitted = admit(bytes, side, limits)?;
    Ok(match admitted.format {
        Format::Jpeg => admitted.memory,
        _ => admitted.memory.saturating_add(png_webp::memory_beside(&admitted, side)),
    })
}

/// The reason for a decoder that refused a file.
fn damaged(reason: impl ToString) -> NoPreview {
    NoPreview::Damaged { reason: reason.to_string() }
}

/// A channel of a picture on white paper: JPEG has no transparency.
fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    let mixed = (channel * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}
