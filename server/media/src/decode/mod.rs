//! Turns bytes into pixels, under limits that are checked before a pixel buffer exists.
//!
//! Owns the choice of the decoder and the panic fence; it must not know what becomes of the pixels.

mod admit;
mod heic;
mod jpeg;
mod paper;
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

/// What a picture takes at most, one after the other.
///
/// # Units
/// Bytes, those of the file not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// While it is decoded; no more than a decoder may take.
    pub(crate) decoding: u64,
    /// Of what was decoded, once its decoder is gone.
    pub(crate) left: u64,
}

/// How much memory it takes to decode a picture to a longer side of `side` pixels, by what stands before its pixels.
///
/// # Errors
/// As [`decode`], as far as it decides without a pixel.
pub(crate) fn memory(bytes: &[u8], side: u32, limits: &Limits) -> Result<Memory, NoPreview> {
    if bytes.len() > limits.max_bytes {
        return Err(NoPreview::TooManyBytes { actual: bytes.len(), limit: limits.max_bytes });
    }
    if sniff(bytes).format == Format::Heic {
        return heic::memory(bytes, side, limits);
    }
    let admitted = admit(bytes, side, limits)?;
    let Admitted { width, height, divisor, memory, .. } = admitted;
    let on_paper = paper::paper_bytes(width, height, side.saturating_mul(2));
    Ok(match admitted.format {
        // Three colours, and beside them the grey of which they are made.
        Format::Jpeg => Memory {
            decoding: memory,
            left: u64::from(width.div_ceil(divisor)) * u64::from(height.div_ceil(divisor)) * 4,
        },
        Format::Png => Memory { decoding: memory + png_webp::beside_png(memory, limits), left: on_paper },
        _ => Memory { decoding: memory, left: on_paper },
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
