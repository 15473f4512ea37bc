//! A picture is known again wherever it was cut, and others stay apart however their cuts are chosen.

#![expect(clippy::unwrap_used, reason = "support code of tests fails by panicking")]

use doorstep_media::draw::{Alteration, interior};
use doorstep_media::{PrintIndex, Sample};
use sync_core::bytes::Hash;
use sync_core::photo::thresholds::{REUSE_PROBABLE, REUSE_WEAK};

use crate::support::ingested;

/// Pictures that are compared, and their size.
const SEEDS: std::ops::Range<u64> = 0..12;
const SIZE: (u32, u32) = (640, 480);

fn pictures() -> Vec<Vec<u8>> {
    SEEDS.map(|seed| interior(seed, SIZE.0, SIZE.1).unwrap()).collect()
}

fn sample(picture: &[u8]) -> Sample {
    Sample::of(&ingested(picture).previews.thumbnail_320).unwrap()
}

#[test]
fn what_was_cut_unevenly_is_near_its_origin_where_prints_are_far() {
    let (mut near, mut far) = (0, 0);
    for (seed, picture) in SEEDS.zip(pictures()) {
        let cut = Alteration::Cropped.apply(&picture, seed).unwrap();
        let bits = sample(&picture).distance(&sample(&cut)).unwrap();
        near += usize::from(bits <= REUSE_PROBABLE.start);
        assert_eq!(sample(&cut).distance(&sample(&picture)), Some(bits), "in either direction");
        let apart = ingested(&picture).prints.distance(&ingested(&cut).prints).unwrap();
        far += usize::from(apart > REUSE_WEAK.start);
    }
    assert!(near >= 11, "{near} of 12 are near");
    assert!(far >= 4, "windows around the middle alone miss {far}");
}

#[test]
fn every_other_alteration_stays_near_and_every_other_picture_far() {
    let samples: Vec<Sample> = pictures().iter().map(|picture| sample(picture)).collect();
    for ((seed, picture), own) in SEEDS.zip(pictures()).zip(&samples) {
        for alteration in Alteration::ALL.into_iter().filter(|one| *one != Alteration::Cropped) {
            let bits = own.distance(&sample(&alteration.apply(&picture, seed).unwrap())).unwrap();
            assert!(bits <= REUSE_PROBABLE.start, "{alteration:?} of {seed}: {bits}");
        }
    }
    for (place, one) in samples.iter().enumerate() {
        for other in samples.iter().skip(place + 1) {
            let bits = one.distance(other).unwrap();
            assert!(bits > REUSE_WEAK.start, "two pictures are {bits} apart");
        }
    }
}

#[test]
fn the_search_names_the_origin_of_what_was_cut_among_what_to_compare() {
    let mut index = PrintIndex::default();
    pictures().iter().for_each(|picture| index.put(Hash::of(picture), &ingested(picture).prints));
    let named = |(seed, picture): (u64, Vec<u8>)| {
        let cut = Alteration::Cropped.apply(&picture, seed).unwrap();
        index.search(&ingested(&cut).prints).iter().any(|like| like.sha256 == Hash::of(&picture))
    };
    let named = SEEDS.zip(pictures()).map(named).filter(|is_named| *is_named).count();
    assert!(named >= 11, "{named} of 12 are named");
}

#[test]
fn a_plain_wall_is_like_nothing() {
    let plain = image::RgbImage::from_pixel(320, 240, image::Rgb([120; 3]));
    let plain = sample(&crate::support::written(&plain.into(), image::ImageFormat::Png));
    assert_eq!(plain.distance(&plain), None);
    assert!(Sample::of(b"no picture").is_err());
}
