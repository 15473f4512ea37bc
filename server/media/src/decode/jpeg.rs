//! JPEG without a C library: decoded at a half, a quarter or an eighth of its size where that is enough.
//!
//! Owns the use of `jpeg-decoder`; it must not know why a picture is wanted small.

use image::RgbImage;
use jpeg_decoder::{Decoder, Error, PixelFormat};

use super::{Admitted, damaged};
use crate::deadline::DeadlineReader;
use crate::{Deadline, Limits, NoPreview};

/// Decodes an admitted JPEG, shrunk by its divisor.
pub(super) fn read(
    bytes: &[u8],
    admitted: &Admitted,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<RgbImage, NoPreview> {
    let mut decoder = Decoder::new(DeadlineReader::new(bytes, deadline));
    decoder.set_max_decoding_buffer_size(usize::try_from(limits.max_alloc_bytes).unwrap_or(usize::MAX));
    decoder.read_info().map_err(refused)?;
    let longer = admitted.width.max(admitted.height);
    let wanted = u16::try_from(longer.div_ceil(admitted.divisor)).unwrap_or(u16::MAX);
    // It is content with either side: the shorter one, rounded up, must not be what contents it.
    let (width, height) = if admitted.width == longer { (wanted, u16::MAX) } else { (u16::MAX, wanted) };
    decoder.scale(width, height).map_err(refused)?;
    let pixels = decoder.decode().map_err(refused)?;
    let info = decoder.info().ok_or_else(|| damaged("no frame"))?;
    let rgb = match info.pixel_format {
        PixelFormat::RGB24 => pixels,
        PixelFormat::L8 => pixels.into_iter().flat_map(|grey| [grey; 3]).collect(),
        PixelFormat::CMYK32 => printed(&pixels),
        PixelFormat::L16 => return Err(damaged("sixteen bits")),
    };
    RgbImage::from_raw(info.width.into(), info.height.into(), rgb).ok_or_else(|| damaged("too few pixels"))
}

/// Turns the four inks of a print shop into light.
fn printed(pixels: &[u8]) -> Vec<u8> {
    let (inks, _) = pixels.as_chunks::<4>();
    inks.iter()
        .flat_map(|[cyan, magenta, yellow, black]| [cyan, magenta, yellow].map(|ink| light(*ink, *black)))
        .collect()
}

fn light(ink: u8, black: u8) -> u8 {
    let rest = u32::from(255 - ink) * u32::from(255 - black) / 255;
    u8::try_from(rest).unwrap_or(u8::MAX)
}

fn refused(error: Error) -> NoPreview {
    damaged(error)
}
