//! Hostile and broken files cost a reason, never memory, time or a crash.

use crate::support::webp::{canvas, chunk, frame, lossless, lossy, many_codes, webp};
use crate::support::{self, four_corners, jpeg, jpeg_bomb, png_bomb, preview, preview_within, written};
use doorstep_media::limits::{
    MAX_ALLOC_BYTES, MAX_BESIDE_BYTES, MAX_PIXELS, MAX_PIXELS_UNSCALED, MAX_SCANNED_PIXELS, MAX_SCANS, MAX_SIDE_PX,
};
use doorstep_media::{Deadline, Limits, NoPreview, ingest, memory};
use image::ImageFormat;

/// A baseline JPEG whose only scan holds all colours, so that it shrinks while it is decoded.
fn one_scan(width: u16, height: u16) -> Vec<u8> {
    let mut file = jpeg_bomb(0xC0, width, height, 0);
    file.truncate(file.len() - 2);
    file.extend(support::segment(0xDA, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]));
    file.extend([0xFF, 0xD9]);
    file
}

#[test]
fn a_pixel_flood_is_refused_by_its_header() {
    let side = NoPreview::SideTooLong { actual: 60_000, limit: MAX_SIDE_PX };
    assert_eq!(preview(&png_bomb(60_000, 60_000, 8, 2)), Err(side.clone()));
    assert_eq!(preview(&jpeg_bomb(0xC0, 60_000, 10, 1)), Err(side));
    let huge = NoPreview::SideTooLong { actual: u32::MAX, limit: MAX_SIDE_PX };
    assert_eq!(preview(&png_bomb(u32::MAX, u32::MAX, 8, 6)), Err(huge));
    let area = |actual, limit| Err(NoPreview::TooManyPixels { actual, limit });
    assert_eq!(preview(&one_scan(12_000, 10_001)), area(12_000 * 10_001, MAX_PIXELS));
    assert_eq!(preview(&jpeg_bomb(0xC2, 10_000, 5_001, 1)), area(10_000 * 5_001, MAX_PIXELS_UNSCALED));
    assert_eq!(preview(&png_bomb(10_000, 5_001, 8, 2)), area(10_000 * 5_001, MAX_PIXELS_UNSCALED));
}

#[test]
fn the_limit_itself_is_allowed() {
    // At the limit the header passes, so the decoder gets to see that there is no picture behind it.
    assert!(matches!(preview(&png_bomb(10_000, 5_000, 1, 0)), Err(NoPreview::Damaged { .. })));
    assert!(matches!(preview(&png_bomb(MAX_SIDE_PX, 1, 8, 2)), Err(NoPreview::Damaged { .. })));
    assert!(matches!(preview(&one_scan(12_000, 10_000)), Err(NoPreview::Damaged { .. })));
}

#[test]
fn progressive_coefficients_count_as_memory() {
    let memory = NoPreview::TooMuchMemory { limit: MAX_ALLOC_BYTES };
    assert_eq!(preview(&jpeg_bomb(0xC2, 8_000, 5_000, 1)), Err(memory), "360 MB of pixels and coefficients");
}

/// Each kind of PNG: depth, colour type, and how many channels its pixels have.
const KINDS_OF_PNG: [(u8, u8, u64); 15] = [
    (1, 0, 1),
    (2, 0, 1),
    (4, 0, 1),
    (8, 0, 1),
    (16, 0, 1),
    (8, 2, 3),
    (16, 2, 3),
    (1, 3, 3),
    (2, 3, 3),
    (4, 3, 3),
    (8, 3, 3),
    (8, 4, 2),
    (16, 4, 2),
    (8, 6, 4),
    (16, 6, 4),
];

#[test]
fn a_png_of_any_kind_is_held_once_with_eight_bits_a_channel_and_within_what_may_be_held() {
    for (depth, colour_type, channels) in KINDS_OF_PNG {
        let told = |width, height, is_interlaced: bool, is_clear: bool| {
            let mut file = png_bomb(width, height, depth, colour_type);
            file[28] = is_interlaced.into();
            let clear = if is_clear { support::png_chunk(b"tRNS", &[0; 6]) } else { Vec::new() };
            memory(&[&file[..33], &clear, &file[33..]].concat(), &Limits::default())
        };
        // Pixels and what may stand beside them; then they are put on paper, and copies are made.
        let expected =
            |channels: u64| (channels * 4_000 * 3_000 + MAX_BESIDE_BYTES).max(4 * 2_000 * 1_500 + COPIES_BYTES);
        for is_interlaced in [false, true] {
            let what = format!("{depth} bits of colour type {colour_type}, interlaced: {is_interlaced}");
            assert_eq!(told(4_000, 3_000, is_interlaced, false), Ok(expected(channels)), "{what}");
            if colour_type < 4 {
                assert_eq!(told(4_000, 3_000, is_interlaced, true), Ok(expected(channels + 1)), "{what}");
            }
            for (width, height) in [(4_800, 4_900), (10_000, 5_000), (7_071, 7_071), (3_200, 15_625)] {
                let told = told(width, height, is_interlaced, false).expect(&what);
                assert!(told <= MAX_ALLOC_BYTES, "{width} by {height}, {what}: {told}");
            }
        }
    }
}

/// What is made of a picture, at most.
///
/// # Units
/// Bytes (24 MiB).
const COPIES_BYTES: u64 = 24 << 20;

#[test]
fn what_a_picture_takes_is_told_by_its_header() {
    const MIB: u64 = 1 << 20;
    let told = |file: &[u8]| memory(file, &Limits::default());
    // No pixel stands behind these headers.
    for (what, file, least) in [
        ("a JPEG that shrinks to a half", one_scan(4_000, 3_000), 3 * 2 * 2_000 * 1_500),
        ("one that keeps coefficients", jpeg_bomb(0xC2, 4_000, 3_000, 1), 3 * (2 * 2_000 * 1_500 + 2 * 4_000 * 3_000)),
        ("a PNG", png_bomb(4_000, 3_000, 8, 6), 4 * 4_000 * 3_000),
    ] {
        let told = told(&file).expect(what);
        assert!((least..least + 48 * MIB).contains(&told), "{what}: {told} of {least}");
    }
    assert!(told(&jpeg(&four_corners(64, 48))).expect("a small one") < 32 * MIB);
    for refused in
        [png_bomb(60_000, 60_000, 8, 2), png_bomb(8_000, 6_251, 16, 6), jpeg_bomb(0xC2, 64, 64, MAX_SCANS + 1)]
    {
        assert_eq!(told(&refused).err(), preview(&refused).err());
        assert!(told(&refused).is_err());
    }
}

#[test]
fn endless_scans_are_counted_before_decoding() {
    let refused = preview(&jpeg_bomb(0xC2, 64, 64, MAX_SCANS + 1));
    assert_eq!(refused, Err(NoPreview::TooManyScans { limit: MAX_SCANS }));
    assert_ne!(preview(&jpeg_bomb(0xC2, 64, 64, MAX_SCANS)), refused);
}

#[test]
fn scans_of_a_large_picture_cost_more() {
    let limit = usize::try_from(MAX_SCANNED_PIXELS / 25_000_000).unwrap();
    let refused = preview(&jpeg_bomb(0xC2, 5_000, 5_000, limit + 1));
    assert_eq!(refused, Err(NoPreview::TooManyScans { limit }));
    assert!(matches!(preview(&jpeg_bomb(0xC2, 5_000, 5_000, limit)), Err(NoPreview::Damaged { .. })));
}

#[test]
fn a_baseline_picture_has_one_scan_for_each_colour_at_most() {
    let refused = preview(&jpeg_bomb(0xC0, 64, 64, 4));
    assert_eq!(refused, Err(NoPreview::TooManyScans { limit: 3 }));
    assert_ne!(preview(&jpeg_bomb(0xC0, 64, 64, 3)), refused);
}

#[test]
fn what_encoders_and_cameras_write_has_few_enough_scans() {
    let picture = four_corners(64, 48).into_rgb8();
    for scans in [2, 4, 16] {
        let mut file = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut file, 90);
        encoder.set_progressive_scans(scans);
        encoder.encode(picture.as_raw(), 64, 48, jpeg_encoder::ColorType::Rgb).unwrap();
        assert!(doorstep_media::sniff(&file).is_progressive);
        assert!(preview(&file).is_ok(), "{scans} scans");
    }
    // Cameras put smaller copies and the brightness of the picture behind it.
    let plain = jpeg(&four_corners(64, 48));
    assert!(preview(&plain.repeat(6)).is_ok());
}

#[test]
fn a_picture_larger_than_its_canvas_is_refused_undecoded() {
    let (animated, still) = (0x02, 0x00);
    let anim = chunk(b"ANIM", &[0; 6]);
    let alpha = chunk(b"ALPH", &[0, 1]);
    // The length of the last chunk may lie: a decoder takes the picture's memory before it misses the rest.
    let mut endless = lossy(16_383, 16_383);
    endless[4..8].copy_from_slice(&1_000_000_u32.to_le_bytes());
    for (what, parts) in [
        ("still", vec![canvas(still, 1, 1), lossy(16_383, 16_383)]),
        ("still, cut off", vec![canvas(still, 1, 1), endless]),
        ("still, lossless", vec![canvas(still, 1, 1), lossless(16_383, 16_383)]),
        ("animated", vec![canvas(animated, 1, 1), anim.clone(), frame(1, 1, &[lossy(16_383, 16_383)])]),
        ("animated with alpha", vec![canvas(animated, 1, 1), anim, frame(1, 1, &[alpha, lossy(16_383, 16_383)])]),
        ("in a frame of a still one", vec![canvas(still, 1, 1), frame(1, 1, &[lossy(16_383, 16_383)]), lossy(1, 1)]),
    ] {
        let reason = NoPreview::Damaged { reason: "a picture that is larger than its canvas".to_owned() };
        assert_eq!(preview(&webp(&parts)), Err(reason), "{what}");
    }
}

#[test]
fn every_buffer_of_a_webp_counts_as_memory() {
    let memory = NoPreview::TooMuchMemory { limit: MAX_ALLOC_BYTES };
    let alpha = chunk(b"ALPH", &[0, 1]);
    // Thousands of pixels a side, and the bytes that a decoder holds for each of them.
    for (what, side, parts) in [
        ("lossy, 5", 6_400, vec![lossy(6_400, 6_400)]),
        ("lossless, 8", 5_100, vec![lossless(5_100, 5_100)]),
        ("alpha, 11", 4_300, vec![canvas(0x10, 4_300, 4_300), alpha, lossy(4_300, 4_300)]),
        ("animated, 12", 4_100, vec![canvas(0x02, 4_100, 4_100), frame(1, 1, &[lossless(1, 1)])]),
    ] {
        assert_eq!(preview(&webp(&parts)), Err(memory.clone()), "{what}");
        let roomy = Limits { max_alloc_bytes: side * side * 12, ..Limits::default() };
        assert_ne!(preview_within(&webp(&parts), &roomy), Err(memory.clone()), "{what}");
    }
}

#[test]
fn what_the_codes_of_a_webp_take_counts_as_memory() {
    let picture = |stream: &[u8]| {
        let bits: u32 = 15 | (15 << 14);
        chunk(b"VP8L", &[[0x2F].as_slice(), &bits.to_le_bytes(), stream].concat())
    };
    // 90 bits for each group: a table of four kilobytes, and a tree of 64 where a code is longer.
    let endless = many_codes(65_536, 1_024);
    assert!(endless.len() < 800_000, "{}", endless.len());
    let memory = NoPreview::TooMuchMemory { limit: MAX_ALLOC_BYTES };
    assert_eq!(preview(&webp(&[picture(&endless)])), Err(memory.clone()), "270 MB of tables");
    let trees = many_codes(3_000, 2_048);
    assert!(trees.len() < 40_000, "{}", trees.len());
    assert_eq!(preview(&webp(&[picture(&trees)])), Err(memory.clone()), "210 MB of trees");
    let alpha = chunk(b"ALPH", &[&[1], trees.as_slice()].concat());
    assert_eq!(preview(&webp(&[canvas(0x10, 16, 16), alpha.clone(), lossy(16, 16)])), Err(memory.clone()));
    let shown = frame(16, 16, &[alpha, lossy(16, 16)]);
    assert_eq!(preview(&webp(&[canvas(0x02, 16, 16), chunk(b"ANIM", &[0; 6]), shown])), Err(memory));
    // As many as encoders write are decoded.
    assert_eq!(preview(&webp(&[picture(&many_codes(2_600, 1_024))])).map(|previews| previews.width), Ok(16));
}

#[test]
fn what_stands_beside_the_pixels_of_a_png_is_bounded() {
    let plain = written(&four_corners(32, 32), ImageFormat::Png);
    // Behind the header chunk.
    let with = |chunk: &[u8]| [&plain[..33], chunk, &plain[33..]].concat();
    let profile = |bytes| [b"profile\0\0".as_slice(), &vec![0xA5; bytes]].concat();
    assert!(preview(&with(&support::png_chunk(b"iCCP", &profile(512 * 1024)))).is_ok(), "a large profile");
    let huge = profile(usize::try_from(MAX_BESIDE_BYTES).unwrap());
    let length = u32::try_from(huge.len()).unwrap().to_be_bytes();
    // Its checksum plays no part: the decoder gives up before.
    let refused = preview(&with(&[length.as_slice(), b"iCCP", &huge, &[0; 4]].concat()));
    assert_eq!(refused, Err(NoPreview::TooMuchMemory { limit: MAX_ALLOC_BYTES }));
}

#[test]
fn a_kind_of_jpeg_that_no_camera_makes_is_refused() {
    // Lossless, hierarchical and arithmetic frames: rarely tested code of a decoder, and memory of another size.
    for marker in [0xC3, 0xC5, 0xC9, 0xCA] {
        let refused = preview(&jpeg_bomb(marker, 64, 64, 1));
        assert!(matches!(refused, Err(NoPreview::Damaged { .. })), "frame {marker:x}: {refused:?}");
    }
}

#[test]
fn the_deadline_ends_the_work() {
    let deadline = Deadline::default();
    let file = jpeg(&four_corners(32, 32));
    assert!(ingest(&file, &Limits::default(), &deadline).is_ok());
    deadline.clone().expire();
    assert_eq!(ingest(&file, &Limits::default(), &deadline), Err(NoPreview::TooSlow));
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
