//! JPEG by libjpeg-turbo: decoded at a half, a quarter or an eighth of its size where that is enough.
//!
//! Owns the use of `turbojpeg` for decoding; it must not know why a picture is wanted small.
//! The library reads the whole file in one go: only the limits on pixels and scans bound its time.
//! It takes a warning for an error, so that what it refuses may be harmless: the decoder of the other builds judges that.

use image::RgbImage;
use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat, ScalingFactor};

use super::{Admitted, damaged, jpeg};
use crate::sniff::jpeg_defines_its_codes;
use crate::{Deadline, Limits, NoPreview, Workspace};

/// Decodes an admitted JPEG, shrunk by its divisor.
pub(super) fn read(
    bytes: &[u8],
    admitted: &Admitted,
    limits: &Limits,
    deadline: &Deadline,
    workspace: &mut Workspace,
) -> Result<RgbImage, NoPreview> {
    // All that it held is free again by then: the other one may take as much.
    if let Ok(picture) = read_clean(bytes, admitted, limits, workspace) {
        return Ok(picture);
    }
    deadline.check()?;
    jpeg::read(bytes, admitted, limits, deadline, workspace)
}

/// Decodes a JPEG of which nothing is to be said.
fn read_clean(
    bytes: &[u8],
    admitted: &Admitted,
    limits: &Limits,
    workspace: &mut Workspace,
) -> Result<RgbImage, NoPreview> {
    if !jpeg_defines_its_codes(bytes) {
        return Err(damaged("codes that are not there, for which it takes usual ones"));
    }
    let mut decoder = Decompressor::new().map_err(damaged)?;
    decoder.set_scan_limit(u32::try_from(limits.max_scans).unwrap_or(u32::MAX)).map_err(damaged)?;
    let header = decoder.read_header(bytes).map_err(damaged)?;
    if matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK) {
        return Err(damaged("the four inks of a print shop, of which it makes no light"));
    }
    let divisor = usize::try_from(admitted.divisor).map_err(damaged)?;
    let scale = ScalingFactor::new(1, divisor);
    decoder.set_scaling_factor(scale).map_err(damaged)?;
    let size = header.scaled(scale);
    let [width, height] = [size.width, size.height].map(u32::try_from);
    // What was admitted is what is decoded: the library has read the header for itself.
    let admitted_side = |side: u32| Some(side.div_ceil(admitted.divisor));
    let (width, height) = (width.map_err(damaged)?, height.map_err(damaged)?);
    if (Some(width), Some(height)) != (admitted_side(admitted.width), admitted_side(admitted.height)) {
        return Err(damaged("two headers that differ"));
    }
    let mut picture = workspace.picture(width, height);
    let target = Image {
        pixels: picture.as_mut(),
        width: size.width,
        pitch: size.width * 3,
        height: size.height,
        format: PixelFormat::RGB,
    };
    decoder.decompress(bytes, target).map_err(damaged)?;
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::admit::admit;
    use crate::draw::{DemoPhoto, draw};

    /// What the library alone says, what this build says, and what the others say.
    fn verdicts(file: &[u8]) -> [Result<RgbImage, NoPreview>; 3] {
        let (limits, deadline, mut workspace) = (Limits::default(), Deadline::default(), Workspace::default());
        let admitted = admit(file, 1600, &limits).expect("admitted");
        [
            read_clean(file, &admitted, &limits, &mut workspace),
            read(file, &admitted, &limits, &deadline, &mut workspace),
            jpeg::read(file, &admitted, &limits, &deadline, &mut workspace),
        ]
    }

    #[test]
    fn what_the_library_refuses_is_decided_by_the_other_decoder() {
        let photo = DemoPhoto { seed: 1, width: 320, height: 240, title: "probe", lines: &[] };
        let clean = draw(&photo).expect("a photo");
        let body = clean.strip_suffix(&[0xFF, 0xD9]).expect("an end");
        // As a segment of an application, which nobody reads.
        let without = |marker: u8| {
            let mut file = clean.clone();
            for at in (0..clean.len()).filter(|at| clean[*at..].starts_with(&[0xFF, marker])) {
                file[at + 1] = 0xEF;
            }
            file
        };
        let [alone, shown, _] = verdicts(&clean);
        assert!(alone.is_ok() && alone == shown, "of a clean one there is nothing to be decided");
        for (what, file, is_shown) in [
            ("junk before the end", [body, &[1; 100], &[0xFF, 0xD9]].concat(), true),
            ("no end", body.to_vec(), true),
            ("a fifth less", clean[..clean.len() * 4 / 5].to_vec(), true),
            ("no quantisation", without(0xDB), false),
            ("no codes", without(0xC4), false),
        ] {
            let [alone, here, elsewhere] = verdicts(&file);
            assert!(alone.is_err(), "{what}: the library refuses it");
            assert_eq!(here, elsewhere, "{what}");
            assert_eq!(here.is_ok(), is_shown, "{what}");
        }
    }
}
