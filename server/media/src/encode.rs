//! Writes the copies that people look at as JPEG, with colours at half the resolution (4:2:0) and without metadata.
//!
//! Owns the encoder and its quality.

use image::RgbImage;

use crate::NoPreview;

/// JPEG quality of the copies, 1 to 100.
///
/// # Source
/// Photo design: the quality at which the peers were compared.
const QUALITY: u8 = 82;

/// Writes a picture as JPEG.
#[cfg(not(feature = "turbo"))]
pub(crate) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, NoPreview> {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    let width = u16::try_from(picture.width()).map_err(NoPreview::not_encoded)?;
    let height = u16::try_from(picture.height()).map_err(NoPreview::not_encoded)?;
    encoder.encode(picture.as_raw(), width, height, ColorType::Rgb).map_err(NoPreview::not_encoded)?;
    Ok(bytes)
}

/// Writes a picture as JPEG.
#[cfg(feature = "turbo")]
pub(crate) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, NoPreview> {
    use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

    let mut encoder = Compressor::new().map_err(NoPreview::not_encoded)?;
    encoder.set_quality(QUALITY.into()).map_err(NoPreview::not_encoded)?;
    encoder.set_subsamp(Subsamp::Sub2x2).map_err(NoPreview::not_encoded)?;
    let width = usize::try_from(picture.width()).map_err(NoPreview::not_encoded)?;
    let height = usize::try_from(picture.height()).map_err(NoPreview::not_encoded)?;
    let source =
        Image { pixels: picture.as_raw().as_slice(), width, pitch: width * 3, height, format: PixelFormat::RGB };
    encoder.compress_to_vec(source).map_err(NoPreview::not_encoded)
}
