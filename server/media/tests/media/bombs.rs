//! Hostile and broken files cost a reason, never memory, time or a crash.

use crate::support::{self, four_corners, jpeg, jpeg_bomb, png_bomb, written};
use doorstep_media::limits::{MAX_ALLOC_BYTES, MAX_PIXELS_UNSCALED, MAX_SCANS, MAX_SIDE_PX};
use doorstep_media::{Limits, NoPreview, preview, preview_within};
use image::ImageFormat;

#[test]
fn a_pixel_flood_is_refused_by_its_header() {
    let side = NoPreview::SideTooLong { actual: 60_000, limit: MAX_SIDE_PX };
    assert_eq!(preview(&png_bomb(60_000, 60_000, 8, 2)), Err(side.clone()));
    assert_eq!(preview(&jpeg_bomb(0xC0, 60_000, 10, 1)), Err(side));
    let huge = NoPreview::SideTooLong { actual: u32::MAX, limit: MAX_SIDE_PX };
    assert_eq!(preview(&png_bomb(u32::MAX, u32::MAX, 8, 6)), Err(huge));
    let area = NoPreview::TooManyPixels { actual: 10_000 * 5_001, limit: MAX_PIXELS_UNSCALED };
    assert_eq!(preview(&jpeg_bomb(0xC0, 10_000, 5_001, 1)), Err(area.clone()));
    assert_eq!(preview(&png_bomb(10_000, 5_001, 8, 2)), Err(area));
}

#[test]
fn the_limit_itself_is_allowed() {
    // At the limit the header passes, so the decoder gets to see that there is no picture behind it.
    assert!(matches!(preview(&png_bomb(10_000, 5_000, 1, 0)), Err(NoPreview::Damaged { .. })));
    assert!(matches!(preview(&png_bomb(MAX_SIDE_PX, 1, 8, 2)), Err(NoPreview::Damaged { .. })));
}

#[test]
fn deep_pixels_and_progressive_coefficients_count_as_memory() {
    let memory = NoPreview::TooMuchMemory { limit: MAX_ALLOC_BYTES };
    assert_eq!(preview(&png_bomb(8_000, 5_000, 16, 6)), Err(memory.clone()), "320 MB of 16-bit pixels");
    assert_eq!(preview(&jpeg_bomb(0xC2, 8_000, 5_000, 1)), Err(memory), "360 MB of pixels and coefficients");
}

#[test]
fn endless_scans_are_counted_before_decoding() {
    let refused = preview(&jpeg_bomb(0xC2, 64, 64, MAX_SCANS + 1));
    assert_eq!(refused, Err(NoPreview::TooManyScans { limit: MAX_SCANS }));
    assert_ne!(preview(&jpeg_bomb(0xC2, 64, 64, MAX_SCANS)), refused);
}

#[test]
fn too_many_bytes_are_refused_unread() {
    let file = jpeg(&four_corners(32, 32));
    let limits = Limits { max_bytes: file.len() - 1, ..Limits::default() };
    let expected = NoPreview::TooManyBytes { actual: file.len(), limit: file.len() - 1 };
    assert_eq!(preview_within(&file, &limits), Err(expected));
    assert!(preview_within(&file, &Limits { max_bytes: file.len(), ..Limits::default() }).is_ok());
}

#[test]
fn a_picture_without_a_size_is_refused() {
    assert_eq!(preview(&png_bomb(0, 100, 8, 2)), Err(NoPreview::NoSize));
    assert_eq!(preview(&jpeg_bomb(0xC0, 100, 0, 1)), Err(NoPreview::NoSize));
    assert_eq!(preview(b"\xff\xd8\xff\xd9"), Err(NoPreview::NoSize));
    assert_eq!(preview(b"RIFF\0\0\0\0WEBPVP8 "), Err(NoPreview::NoSize));
}

#[test]
fn a_file_cut_anywhere_never_crashes() {
    let picture = four_corners(48, 32);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = written(&picture, format);
        assert!(preview(&whole).is_ok(), "{format:?} is whole");
        for end in 0..whole.len() {
            // A decoder may show what it has (JPEG does); what counts is that it answers.
            if let Err(reason) = preview(&whole[..end]) {
                assert_ne!(reason, NoPreview::DecoderPanicked, "{format:?} cut at {end}");
            }
        }
    }
}

#[test]
fn changed_bytes_never_escape_the_fence() {
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move || {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice
    };
    let picture = four_corners(48, 32);
    // Small limits: a flipped size byte must not make the test slow.
    let limits = Limits { max_pixels: 1_000_000, ..Limits::default() };
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = written(&picture, format);
        let mut refused = 0;
        for _ in 0..400 {
            let mut file = whole.clone();
            for _ in 0..=next() % 8 {
                let at = usize::try_from(next()).unwrap() % file.len();
                file[at] = next().to_le_bytes()[0];
            }
            refused += usize::from(preview_within(&file, &limits).is_err());
        }
        assert!(refused > 0, "{format:?}: 400 damaged files and not one was noticed");
    }
}

#[test]
fn broken_exif_never_costs_a_preview() {
    let plain = jpeg(&four_corners(32, 32));
    let exif = support::exif_segment(6);
    for end in 4..exif.len() {
        let cut = support::segment(0xE1, &exif[4..end]);
        assert!(preview(&support::with_segment(&plain, &cut)).is_ok(), "EXIF cut at {end}");
    }
}

#[test]
fn reasons_have_stable_codes() {
    assert_eq!(NoPreview::NoSize.code(), "no_size");
    assert_eq!(NoPreview::DecoderPanicked.code(), "decoder_panicked");
    assert_eq!(NoPreview::Format { media_type: "image/heic" }.code(), "format");
}
