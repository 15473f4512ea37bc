//! JPEG without a C library: decoded at a half, a quarter or an eighth of its size where that is enough.
//!
//! Owns the use of `jpeg-decoder`; it must not know why a picture is wanted small.

use std::io::{ErrorKind, Read, Result as IoResult};

use image::RgbImage;
use jpeg_decoder::{Decoder, Error, PixelFormat};

use super::{Admitted, damaged};
use crate::deadline::DeadlineReader;
use crate::{Deadline, Limits, NoPreview, Workspace};

/// Decodes an admitted JPEG, shrunk by its divisor.
pub(super) fn read(
    bytes: &[u8],
    admitted: &Admitted,
    limits: &Limits,
    deadline: &Deadline,
    workspace: &mut Workspace,
) -> Result<RgbImage, NoPreview> {
    let mut decoder = Decoder::new(Ended::new(bytes, deadline));
    decoder.set_max_decoding_buffer_size(usize::try_from(limits.max_alloc_bytes).unwrap_or(usize::MAX));
    decoder.read_info().map_err(refused)?;
    let longer = admitted.width.max(admitted.height);
    let wanted = u16::try_from(longer.div_ceil(admitted.divisor)).unwrap_or(u16::MAX);
    // It is content with either side: the shorter one, rounded up, must not be what contents it.
    let (width, height) = if admitted.width == longer { (wanted, u16::MAX) } else { (u16::MAX, wanted) };
    decoder.scale(width, height).map_err(refused)?;
    let pixels = decoder.decode().map_err(refused)?;
    let info = decoder.info().ok_or_else(|| damaged("no frame"))?;
    let (width, height) = (info.width.into(), info.height.into());
    match info.pixel_format {
        PixelFormat::RGB24 => RgbImage::from_raw(width, height, pixels).ok_or_else(|| damaged("too few pixels")),
        PixelFormat::L8 => Ok(painted(workspace.picture(width, height), pixels.into_iter().map(|grey| [grey; 3]))),
        PixelFormat::CMYK32 => {
            let dots = pixels
                .as_chunks::<4>()
                .0
                .iter()
                .map(|[cyan, magenta, yellow, black]| [cyan, magenta, yellow].map(|ink| light(*ink, *black)));
            Ok(painted(workspace.picture(width, height), dots))
        }
        PixelFormat::L16 => Err(damaged("sixteen bits")),
    }
}

/// A file behind which the marker of its end stands once more.
///
/// Where a file is cut off, its decoder then finds an end instead of none, and shows what it has.
struct Ended<'a> {
    file: DeadlineReader<'a>,
    end: &'a [u8],
}

impl<'a> Ended<'a> {
    fn new(bytes: &'a [u8], deadline: &'a Deadline) -> Self {
        Self { file: DeadlineReader::new(bytes, deadline), end: &[0xFF, 0xD9] }
    }
}

impl Read for Ended<'_> {
    fn read(&mut self, target: &mut [u8]) -> IoResult<usize> {
        match self.file.read(target)? {
            0 => self.end.read(target),
            read => Ok(read),
        }
    }

    #[inline]
    fn read_exact(&mut self, target: &mut [u8]) -> IoResult<()> {
        match self.file.read_exact(target) {
            // Codes are read byte by byte; whatever is read in one piece is not to be cut.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof && target.len() == 1 => self.end.read_exact(target),
            other => other,
        }
    }
}

fn painted(mut picture: RgbImage, dots: impl Iterator<Item = [u8; 3]>) -> RgbImage {
    for (target, dot) in picture.pixels_mut().zip(dots) {
        target.0 = dot;
    }
    picture
}

/// What the inks of a print shop leave of the light.
fn light(ink: u8, black: u8) -> u8 {
    let rest = u32::from(255 - ink) * u32::from(255 - black) / 255;
    u8::try_from(rest).unwrap_or(u8::MAX)
}

fn refused(error: Error) -> NoPreview {
    damaged(error)
}
