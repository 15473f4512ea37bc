//! Metadata is read as a hint: what is there is told, what is broken or endless is as good as absent.

#![expect(clippy::unwrap_used, reason = "support code of tests fails by panicking")]

use crate::support::{as_stored, corners, four_corners, ingested, jpeg, png_with_exif, segment, with_segment};
use doorstep_media::{Facts, Position};

/// A big-endian TIFF block: entries of the main directory, and of the GPS directory if there are any.
fn tiff(main: &[(u16, Value)], gps: &[(u16, Value)]) -> Vec<u8> {
    let mut main = main.to_vec();
    if !gps.is_empty() {
        let behind = 8 + directory(&main, 8).len() + 12;
        main.push((0x8825, Value::Number(u32::try_from(behind).unwrap())));
    }
    let first = directory(&main, 8);
    let second = if gps.is_empty() { Vec::new() } else { directory(gps, 8 + first.len()) };
    [b"MM\0\x2a\0\0\0\x08".to_vec(), first, second].concat()
}

#[derive(Clone)]
enum Value {
    Text(&'static str),
    Number(u32),
    Parts([u32; 3]),
}

/// One directory that begins at `start`, with what does not fit its entries behind it.
fn directory(entries: &[(u16, Value)], start: usize) -> Vec<u8> {
    let mut head = u16::try_from(entries.len()).unwrap().to_be_bytes().to_vec();
    let mut tail: Vec<u8> = Vec::new();
    for (tag, value) in entries {
        let (kind, count, body) = match value {
            Value::Text(text) => (2_u16, text.len() + 1, [text.as_bytes(), b"\0"].concat()),
            Value::Number(number) => (4, 1, number.to_be_bytes().to_vec()),
            Value::Parts(parts) => {
                (5, 3, parts.iter().flat_map(|part| [part.to_be_bytes(), 1_u32.to_be_bytes()].concat()).collect())
            }
        };
        head.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        head.extend(u32::try_from(count).unwrap().to_be_bytes());
        if body.len() <= 4 {
            head.extend(body.iter().copied().chain([0; 4]).take(4));
        } else {
            let at = start + 2 + entries.len() * 12 + 4 + tail.len();
            head.extend(u32::try_from(at).unwrap().to_be_bytes());
            tail.extend(body);
        }
    }
    [head, vec![0; 4], tail].concat()
}

fn facts(tiff: &[u8]) -> Facts {
    let body = [b"Exif\0\0".as_slice(), tiff].concat();
    ingested(&with_segment(&jpeg(&four_corners(32, 32)), &segment(0xE1, &body))).facts
}

#[test]
fn a_camera_tells_itself_the_time_and_the_place() {
    let camera = [
        (0x010F, Value::Text("Maker")),
        (0x0110, Value::Text(" Phone 5 ")),
        (0x0131, Value::Text("Editor 1.2")),
        (0x0132, Value::Text("2026:03:14 10:22:00")),
    ];
    let place = [
        (1, Value::Text("S")),
        (2, Value::Parts([31, 30, 36])),
        (3, Value::Text("E")),
        (4, Value::Parts([121, 15, 0])),
    ];
    let expected = Facts {
        taken_at: Some("2026:03:14 10:22:00".into()),
        make: Some("Maker".into()),
        model: Some("Phone 5".into()),
        software: Some("Editor 1.2".into()),
        position: Some(Position { latitude_udeg: -31_510_000, longitude_udeg: 121_250_000 }),
        ..Facts::default()
    };
    assert_eq!(facts(&tiff(&camera, &place)), expected);
}

#[test]
fn an_impossible_place_is_none() {
    for latitude in [[91, 0, 0], [90, 0, 1], [u32::MAX; 3]] {
        let place =
            [(1, Value::Text("N")), (2, Value::Parts(latitude)), (3, Value::Text("W")), (4, Value::Parts([1, 2, 3]))];
        assert_eq!(facts(&tiff(&[], &place)).position, None, "{latitude:?}");
    }
}

#[test]
fn the_orientation_is_told_and_a_photo_without_metadata_says_nothing() {
    let png = png_with_exif(&four_corners(32, 32), 6);
    assert_eq!(ingested(&png).facts.orientation, Some(6));
    assert_eq!(ingested(&jpeg(&four_corners(32, 32))).facts, Facts::default());
}

/// A big-endian entry of a directory.
fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat()
}

const HEAD: &[u8] = b"MM\0\x2a\0\0\0\x08";

/// Turned by a quarter, and what a text of the program is: an entry that is malformed in some way.
fn turned_beside(malformed: &[u8], next: u32) -> Vec<u8> {
    [HEAD, &[0, 3], &entry(0x010F, 2, 4, u32::from_be_bytes(*b"Abc\0")), malformed]
        .concat()
        .into_iter()
        .chain(entry(0x0112, 3, 1, 6 << 16))
        .chain(next.to_be_bytes())
        .collect()
}

#[test]
fn a_malformed_field_spoils_no_other() {
    for (what, block) in [
        ("a text beyond the end", turned_beside(&entry(0x0131, 2, 100, 5000), 0)),
        ("endless text", turned_beside(&entry(0x0131, 2, u32::MAX, 8), 0)),
        ("a type that nobody knows", turned_beside(&entry(0x0131, 99, 1, 0), 0)),
        ("EXIF beyond the end", turned_beside(&entry(0x8769, 4, 1, 60_000), 0)),
        ("EXIF in EXIF", turned_beside(&entry(0x8769, 4, 1, 8), 0)),
        ("the thumbnail beyond the end", turned_beside(&entry(0x0131, 2, 1, 0), 9999)),
        ("a ring", turned_beside(&entry(0x0131, 2, 1, 0), 8)),
    ] {
        let facts = facts(&block);
        assert_eq!((facts.orientation, facts.make.as_deref()), (Some(6), Some("Abc")), "{what}");
    }
    let cut = turned_beside(&entry(0x0131, 2, 1, 0), 0);
    assert_eq!(facts(&cut[..cut.len() - 4]).orientation, Some(6), "cut behind the last entry");
}

#[test]
fn directories_without_a_link_to_the_next_are_read() {
    // As common writers of EXIF do: the values of EXIF and GPS stand where the link belongs.
    let main =
        [&[0, 3], &entry(0x0112, 3, 1, 6 << 16)[..], &entry(0x8769, 4, 1, 50), &entry(0x8825, 4, 1, 84), &[0; 4]]
            .concat();
    let exif = [&[0, 1], &entry(0x9003, 2, 20, 64)[..], b"2026:03:14 10:22:00\0"].concat();
    let place = [
        &[0, 4],
        &entry(1, 2, 2, u32::from_be_bytes(*b"N\0\0\0"))[..],
        &entry(2, 5, 3, 134),
        &entry(3, 2, 2, u32::from_be_bytes(*b"E\0\0\0")),
        &entry(4, 5, 3, 158),
    ]
    .concat();
    let parts = |parts: [u32; 3]| parts.iter().flat_map(|part| [part.to_be_bytes(), [0, 0, 0, 1]].concat()).collect();
    let degrees: [Vec<u8>; 2] = [parts([31, 30, 36]), parts([121, 15, 0])];
    let block = [HEAD, &main, &exif, &place, &degrees.concat()].concat();
    let expected = Facts {
        taken_at: Some("2026:03:14 10:22:00".into()),
        orientation: Some(6),
        position: Some(Position { latitude_udeg: 31_510_000, longitude_udeg: 121_250_000 }),
        ..Facts::default()
    };
    assert_eq!(facts(&block), expected);
    let segment = segment(0xE1, &[b"Exif\0\0".as_slice(), &block].concat());
    let stored = as_stored(&four_corners(64, 32), 6);
    let previews = ingested(&with_segment(&jpeg(&stored), &segment)).previews;
    assert_eq!(corners(&previews.preview_1600), ["red", "green", "blue", "white"], "it is turned");
}

#[test]
fn endless_entries_are_not_believed() {
    let entries = |count: u16| -> Vec<_> { (0..count).map(|tag| (0x010F + tag, Value::Number(1))).collect() };
    let mut few = entries(500);
    few[1] = (0x0110, Value::Text("Phone"));
    assert_eq!(facts(&tiff(&few, &[])).model.as_deref(), Some("Phone"));
    let mut many = entries(513);
    many[1] = (0x0110, Value::Text("Phone"));
    assert_eq!(facts(&tiff(&many, &[])), Facts::default());
}

#[test]
fn a_record_of_origin_is_noticed() {
    let plain = jpeg(&four_corners(32, 32));
    let signed = with_segment(&plain, &segment(0xEB, b"JP\0\x01\0\0\0\x01rest"));
    assert!(ingested(&signed).facts.has_provenance);
    assert!(!ingested(&with_segment(&plain, &segment(0xEB, b"other"))).facts.has_provenance);
}
