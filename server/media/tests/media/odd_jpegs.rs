//! JPEGs that are not quite as they should be: what viewers show is shown, what they cannot is not, by each decoder.
//!
//! The verdicts stand here, so that the builds with and without libjpeg-turbo are held to the same.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "support code of tests fails by panicking")]

use crate::support::{ingested, jpeg, preview, room, segment, with_segment};
use image::DynamicImage;

const START_OF_SCAN: u8 = 0xDA;

fn progressive(picture: &DynamicImage) -> Vec<u8> {
    let picture = picture.to_rgb8();
    let [width, height] = [picture.width(), picture.height()].map(|side| u16::try_from(side).unwrap());
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 80);
    encoder.set_progressive_scans(4);
    encoder.encode(picture.as_raw(), width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    file
}

/// A baseline JPEG whose scan is cut into intervals.
fn with_restarts(picture: &DynamicImage) -> Vec<u8> {
    let picture = picture.to_rgb8();
    let [width, height] = [picture.width(), picture.height()].map(|side| u16::try_from(side).unwrap());
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 80);
    encoder.set_restart_interval(10);
    encoder.encode(picture.as_raw(), width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    file
}

/// Where the marker of a segment stands in the header.
fn place(file: &[u8], marker: u8) -> usize {
    let mut at = 2;
    while file[at + 1] != marker {
        at += 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    }
    at
}

fn inserted(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    [&file[..at], bytes, &file[at..]].concat()
}

fn changed(file: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at] = byte;
    file
}

/// Without the first segment that has this marker.
fn without(file: &[u8], marker: u8) -> Vec<u8> {
    let at = place(file, marker);
    let length = 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    [&file[..at], &file[at + length..]].concat()
}

/// What stands behind the marker and the header of the first scan.
fn coded(file: &[u8]) -> usize {
    let at = place(file, START_OF_SCAN);
    at + 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]))
}

fn odd_but_whole(file: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (scan, end) = (place(file, START_OF_SCAN), file.len() - 2);
    vec![
        ("junk before the end", inserted(file, end, &[0x12, 0x34, 0x00, 0x56].repeat(10))),
        ("zeros before the end", inserted(file, end, &[0; 100])),
        ("junk between segments", inserted(file, place(file, 0xDB), &[0, 1, 2])),
        ("junk before the scan", inserted(file, scan, &[0; 9])),
        ("filled up before a marker", inserted(file, scan, &[0xFF; 5])),
        ("filled up before the end", inserted(file, end, &[0xFF; 5])),
        ("no name", without(file, 0xE0)),
        ("segments of nobody", with_segment(file, &segment(0xEF, b"anything"))),
        ("something behind it", [file, b"trailer", file].concat()),
        ("no end", file[..end].to_vec()),
        ("half an end", file[..=end].to_vec()),
    ]
}

#[test]
fn an_odd_picture_is_shown_and_has_the_prints_of_the_clean_one() {
    for seed in 1..3 {
        for (kind, file) in [
            ("baseline", jpeg(&room(seed))),
            ("restarts", with_restarts(&room(seed))),
            ("progressive", progressive(&room(seed))),
        ] {
            let clean = ingested(&file).prints;
            for (what, odd) in odd_but_whole(&file) {
                let shown = preview(&odd).err();
                assert_eq!(shown, None, "{kind}, {what}");
                assert_eq!(ingested(&odd).prints.distance(&clean), Some(0), "{kind} {seed}, {what}");
            }
        }
    }
}

#[test]
fn an_odd_header_of_a_scan_is_read_as_viewers_read_it() {
    let file = jpeg(&room(1));
    let clean = ingested(&file).prints;
    // The last coefficient of a baseline scan is always the 63rd, whatever stands there.
    let last = coded(&file) - 2;
    assert_eq!(file[last], 63);
    assert_eq!(ingested(&changed(&file, last, 0)).prints.distance(&clean), Some(0));
}

#[test]
fn a_picture_that_ends_early_is_shown_as_far_as_it_goes() {
    for (kind, file) in [("baseline", jpeg(&room(1))), ("progressive", progressive(&room(1)))] {
        let clean = ingested(&file).prints;
        for cut in [3, 20, file.len() / 100] {
            let distance = ingested(&file[..file.len() - cut]).prints.distance(&clean);
            assert!(distance.is_some_and(|distance| distance < 16), "{kind}, {cut} bytes less: {distance:?}");
        }
        assert!(preview(&file[..file.len() / 2]).is_ok(), "{kind}, half of it");
    }
    // Intervals are told apart by their number, and where those that are missing begin nobody knows.
    let file = with_restarts(&room(1));
    assert!(preview(&file[..file.len() - 8]).is_ok(), "in the last interval");
    assert_eq!(preview(&file[..file.len() / 2]).unwrap_err().code(), "damaged");
}

#[test]
fn what_holds_no_picture_is_refused() {
    let file = jpeg(&room(1));
    let restarts = with_restarts(&room(1));
    let second = (coded(&restarts)..).filter(|at| matches!(restarts[*at..], [0xFF, 0xD0..=0xD7, ..])).nth(1).unwrap();
    for (what, damaged) in [
        ("no quantisation", without(&without(&file, 0xDB), 0xDB)),
        ("no codes", (0..4).fold(file.clone(), |file, _| without(&file, 0xC4))),
        ("no scan", [&file[..place(&file, START_OF_SCAN)], &[0xFF, 0xD9]].concat()),
        ("no scan and no end", file[..place(&file, START_OF_SCAN)].to_vec()),
        ("a scan without a header", file[..place(&file, START_OF_SCAN) + 5].to_vec()),
        ("an interval out of turn", changed(&restarts, second + 1, 0xD5)),
        ("a table that is cut off", file[..place(&file, 0xC4) + 10].to_vec()),
        ("a colour without a table", changed(&file, place(&file, 0xC0) + 12, 3)),
        ("sixteen bits", changed(&file, place(&file, 0xC0) + 4, 16)),
        ("part of the coefficients", changed(&file, coded(&file) - 2, 5)),
    ] {
        let refused = preview(&damaged).map(|previews| (previews.width, previews.height));
        assert_eq!(refused.map_err(|reason| reason.code()), Err("damaged"), "{what}");
    }
}
