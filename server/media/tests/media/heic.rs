//! HEIC photos are shown like JPEG ones: upright, whatever tiles and colours they are made of; what is none costs a
//! reason.

use crate::support::heic::{Item, body, boxed, changed, container, declaring, full, grid, renamed, size, stored};
use crate::support::{contains, corners, four_corners, ingested, jpeg, preview, preview_within};
use doorstep_media::draw::{DemoPhoto, draw};
use doorstep_media::limits::{MAX_ALLOC_BYTES, MAX_PIXELS, MAX_PIXELS_UNSCALED, MAX_SIDE_PX};
use doorstep_media::{Deadline, Limits, NoPreview, ingest, memory};
use sync_core::photo::thresholds::REUSE_STRONG;

const UNSUPPORTED: Result<(), NoPreview> = Err(NoPreview::Format { media_type: "image/heic" });

fn is_shown(file: &[u8]) -> Result<(), NoPreview> {
    preview(file).map(|_| ())
}

fn is_damaged(file: &[u8]) -> bool {
    matches!(preview(file), Err(NoPreview::Damaged { .. }))
}

/// Asserts that a file shows the four corners upright.
fn assert_upright(file: &[u8], size: (u32, u32), what: &str) {
    let previews = preview(file).unwrap_or_else(|reason| panic!("{what}: {reason}"));
    let expected = corners(&jpeg(&four_corners(64, 32)));
    assert_eq!((previews.width, previews.height), size, "{what}");
    assert_eq!(corners(&previews.preview_1600), expected, "{what}");
    assert_eq!(corners(&previews.thumbnail_320), expected, "{what}");
}

#[test]
fn every_turn_and_mirror_ends_upright() {
    for value in 1..=8 {
        assert_upright(&stored(&format!("turned_{value}")), (64, 32), &format!("orientation {value}"));
    }
}

#[test]
fn what_exif_says_of_the_turn_is_never_carried_out() {
    // The same file without the property that turns it: only EXIF still says so.
    let file = renamed(&stored("turned_6"), b"irot", b"free");
    assert_eq!(ingested(&file).facts.orientation, Some(6));
    let previews = preview(&file).unwrap();
    assert_eq!((previews.width, previews.height), (32, 64));
}

#[test]
fn every_kind_of_colour_is_read() {
    for (name, size) in [("odd", (63, 31)), ("full_colour", (64, 32)), ("half_colour", (64, 32)), ("deep", (64, 32))] {
        assert_upright(&stored(name), size, name);
    }
    let grey = preview(&stored("grey")).unwrap();
    let seen = image::load_from_memory(&grey.preview_1600).unwrap().into_rgb8();
    assert!(seen.pixels().all(|pixel| pixel.0.iter().all(|channel| (195..=205).contains(channel))));
}

#[test]
fn transparency_becomes_white_paper() {
    let clear = preview(&stored("clear")).unwrap();
    let seen = image::load_from_memory(&clear.preview_1600).unwrap().into_rgb8();
    assert!(seen.pixels().all(|pixel| pixel.0.iter().all(|channel| *channel > 250)), "white, not red or black");
}

#[test]
fn tiles_are_put_together_and_turned_as_a_whole() {
    assert_upright(&stored("grid"), (300, 180), "a grid");
    assert_upright(&stored("grid_turned"), (300, 180), "a grid that is turned");
}

#[test]
fn of_several_pictures_the_one_that_is_meant_is_shown() {
    assert_upright(&stored("two"), (64, 32), "the second of two, with thumbnails");
}

#[test]
fn a_large_picture_shrinks_tile_by_tile() {
    // Tiles of 64 by 64, all of them the same grey one: 3,200 by 1,920 pixels.
    let (columns, rows) = (50, 30);
    let file = mosaic(columns, rows, u32::from(columns) * 64, u32::from(rows) * 64);
    let previews = preview(&file).unwrap();
    assert_eq!((previews.width, previews.height), (3200, 1920));
    let seen = image::load_from_memory(&previews.preview_1600).unwrap().into_rgb8();
    assert_eq!(seen.dimensions(), (1600, 960));
    assert!(seen.pixels().all(|pixel| pixel.0.iter().all(|channel| (195..=205).contains(channel))));
}

/// One coded picture with the parameters of another file.
fn single(source: &[u8], data: Vec<u8>, size: Vec<u8>) -> Vec<u8> {
    let properties = [boxed(b"hvcC", body(source, b"hvcC")), size];
    container(&[Item { kind: b"hvc1", data, properties: vec![1, 2] }], &properties, &[])
}

/// Grey tiles of 64 by 64 pixels, each with bytes of its own.
fn mosaic(columns: u8, rows: u8, width: u32, height: u32) -> Vec<u8> {
    let source = stored("grey");
    let tile = || Item { kind: b"hvc1", data: body(&source, b"mdat").to_vec(), properties: vec![1, 2] };
    let count = usize::from(columns) * usize::from(rows);
    let mut items: Vec<Item> = (0..count).map(|_| tile()).collect();
    items.push(Item { kind: b"grid", data: grid(columns, rows, width, height), properties: Vec::new() });
    let properties = [boxed(b"hvcC", body(&source, b"hvcC")), size(64, 64)];
    let tiles: Vec<u16> = (1..=u16::MAX).take(count).collect();
    container(&items, &properties, &tiles)
}

#[test]
fn facts_are_read_and_reach_no_copy() {
    let file = stored("turned_3");
    let photo = ingested(&file);
    assert_eq!((photo.facts.model.as_deref(), photo.facts.orientation), (Some("Phone 5"), Some(3)));
    assert!(contains(&file, b"Phone 5"));
    for copy in [&photo.previews.preview_1600, &photo.previews.thumbnail_320] {
        assert!(!contains(copy, b"Phone 5"));
    }
    assert!(!photo.facts.has_provenance);
    let uuid = [0xD8, 0xFE, 0xC3, 0xD6, 0x1B, 0x0E, 0x48, 0x3C, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7E, 0xC4, 0x81];
    assert!(ingested(&[file.clone(), boxed(b"uuid", &uuid)].concat()).facts.has_provenance);
    let mut other = uuid;
    other[15] ^= 1;
    assert!(!ingested(&[file, boxed(b"uuid", &other)].concat()).facts.has_provenance);
}

#[test]
fn a_photo_is_like_its_jpeg() {
    let photo = DemoPhoto { seed: 7, width: 1600, height: 1200, title: "Router", lines: &["Order 209-0012"] };
    let (jpeg, heic) = (ingested(&draw(&photo).unwrap()), ingested(&stored("photo")));
    let distance = heic.prints.distance(&jpeg.prints).unwrap();
    assert!(distance <= REUSE_STRONG.start, "{distance} bits");
}

#[test]
fn what_is_no_still_picture_by_hevc_is_only_stored() {
    let file = stored("turned_1");
    assert_eq!(is_shown(&file), Ok(()));
    assert_eq!(is_shown(&renamed(&file, b"hvc1", b"av01")), UNSUPPORTED, "AVIF");
    assert_eq!(is_shown(&renamed(&stored("grid"), b"grid", b"iovl")), UNSUPPORTED, "an overlay");
    assert_eq!(is_shown(&renamed(&file, b"meta", b"moov")), UNSUPPORTED, "a film");
    for brand in [b"hevc", b"hevx", b"msf1"] {
        let moving = changed(&file, b"ftyp", |found| found[4..8].copy_from_slice(brand));
        assert_eq!(is_shown(&moving), UNSUPPORTED, "moving pictures");
    }
    let generic = changed(&file, b"ftyp", |found| found[4..8].copy_from_slice(b"mif1"));
    assert_eq!(is_shown(&generic), Ok(()));
}

#[test]
fn a_pixel_flood_is_refused_by_what_is_declared() {
    let source = stored("grey");
    let refused = |width, height| preview(&single(&source, body(&source, b"mdat").to_vec(), size(width, height)));
    let side = |actual| Err(NoPreview::SideTooLong { actual, limit: MAX_SIDE_PX });
    assert_eq!(refused(60_000, 60_000), side(60_000));
    assert_eq!(refused(1, u32::MAX), side(u32::MAX));
    let area = |actual, limit| Err(NoPreview::TooManyPixels { actual, limit });
    assert_eq!(refused(10_000, 5_001), area(10_000 * 5_001, MAX_PIXELS_UNSCALED));
    assert_eq!(refused(10_000, 5_000), Err(NoPreview::TooMuchMemory { limit: MAX_ALLOC_BYTES }));
    assert_eq!(refused(0, 32), Err(NoPreview::NoSize));
    // A grid shrinks while it is decoded: it may be larger, up to a limit of its own.
    let large = |width, height| preview(&declaring(&mosaic(2, 2, width, height), width / 2, height / 2));
    assert_eq!(large(12_000, 10_002), area(12_000 * 10_002, MAX_PIXELS));
    assert_eq!(large(16_002, 64), side(16_002));
    // Tiles that stand outside of a small picture are decoded all the same.
    let tiles = declaring(&mosaic(8, 8, 100, 100), 2_048, 2_048);
    assert_eq!(preview(&tiles), area(64 * 2_048 * 2_048, 2 * MAX_PIXELS));
}

#[test]
fn a_coded_picture_is_no_larger_than_it_is_declared() {
    assert!(is_damaged(&declaring(&stored("photo"), 64, 64)), "larger");
    assert!(is_damaged(&declaring(&stored("grey"), 640, 640)), "smaller");
}

#[test]
fn the_memory_of_colours_counts() {
    // Enough for two planes of grey and what is made of them, and not for two of three.
    let limits = Limits { max_alloc_bytes: 64 * 64 * 18, ..Limits::default() };
    assert!(preview_within(&stored("grey"), &limits).is_ok());
    let memory = Err(NoPreview::TooMuchMemory { limit: limits.max_alloc_bytes });
    assert_eq!(preview_within(&stored("full_colour"), &limits), memory);
}

#[test]
fn what_a_picture_takes_is_told_by_its_container() {
    const MIB: u64 = 1 << 20;
    let told = |file: &[u8]| memory(file, &Limits::default());
    let source = stored("grey");
    // Nothing of this size is coded in it; the colours of what is coded are not known before.
    let whole = told(&single(&source, body(&source, b"mdat").to_vec(), size(3_200, 1_920))).expect("it may be decoded");
    assert!((14 * 3_200 * 1_920..14 * 3_200 * 1_920 + 80 * MIB).contains(&whole), "{whole}");
    // The tiles of a grid are decoded one after the other.
    let tiles = told(&mosaic(50, 30, 3_200, 1_920)).expect("it may be decoded");
    assert!(tiles < 64 * MIB, "{tiles}");
    let flood = single(&source, body(&source, b"mdat").to_vec(), size(10_000, 5_001));
    assert_eq!(told(&flood).err(), preview(&flood).err());
    assert!(told(b"").is_err());
}

#[test]
fn endless_descriptions_are_refused_unread() {
    let head = boxed(b"ftyp", b"heic\0\0\0\0mif1heic");
    let described = |description: &[u8]| [head.clone(), full(b"meta", 0, description)].concat();
    assert!(is_damaged(&described(&boxed(b"free", &vec![0; 300 * 1024]))));
    // Each item of eight bytes would be kept as 65,535 pieces of 24 bytes.
    let mut places = vec![0, 0, 0, 100];
    (1..=100_u16).for_each(|id| places.extend([&id.to_be_bytes()[..], &[0, 0, 0xFF, 0xFF]].concat()));
    let refused = preview(&described(&full(b"iloc", 0, &places)));
    assert_eq!(refused, Err(NoPreview::Damaged { reason: "an item in endless pieces".into() }));
}

#[test]
fn endless_parts_and_shared_bytes_are_refused() {
    let source = stored("grey");
    let one = |data: Vec<u8>| single(&source, data, size(64, 64));
    let coded = body(&source, b"mdat").to_vec();
    assert_eq!(is_shown(&one(coded.clone())), Ok(()));
    let endless = Err(NoPreview::Damaged { reason: "a coded picture in endless parts".into() });
    // Parts of no bytes before the picture; parts inside of one part.
    assert_eq!(is_shown(&one([vec![0; 4 * 2_000], coded.clone()].concat())), endless);
    let inside = b"\0\0\x01\x4E\x01".repeat(2_000);
    let length = u32::try_from(inside.len()).unwrap().to_be_bytes();
    assert_eq!(is_shown(&one([length.as_slice(), &inside, &coded].concat())), endless);

    let tile = Item { kind: b"hvc1", data: coded, properties: vec![1, 2] };
    let shown = Item { kind: b"grid", data: grid(40, 40, 2_560, 2_560), properties: Vec::new() };
    let properties = [boxed(b"hvcC", body(&source, b"hvcC")), size(64, 64)];
    let shared = container(&[tile, shown], &properties, &[1; 1_600]);
    assert_eq!(is_shown(&shared), Err(NoPreview::Damaged { reason: "tiles that share their bytes".into() }));
}

#[test]
fn a_grid_that_is_not_one_is_refused() {
    for (what, file) in [
        ("fewer tiles than places", changed(&mosaic(2, 2, 128, 128), b"dimg", |found| found[7] = 3)),
        ("tiles that do not reach", mosaic(2, 2, 129, 128)),
        ("tiles without a size", renamed(&stored("grid"), b"ispe", b"free")),
        ("a grid of itself", changed(&mosaic(1, 1, 64, 64), b"dimg", |found| found[9] = 2)),
    ] {
        assert!(preview(&file).is_err(), "{what}");
    }
}

#[test]
fn a_file_cut_anywhere_never_crashes() {
    for name in ["turned_5", "grid", "clear"] {
        let file = stored(name);
        for length in (0..file.len()).step_by(11) {
            let reason = preview(&file[..length]).unwrap_err();
            assert_ne!(reason, NoPreview::DecoderPanicked, "{name} cut to {length}");
        }
    }
}

#[test]
fn the_deadline_ends_the_work() {
    let deadline = Deadline::default();
    deadline.expire();
    assert_eq!(ingest(&stored("grid"), &Limits::default(), &deadline), Err(NoPreview::TooSlow));
}
