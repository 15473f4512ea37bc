//! Prints find a photo that is used again in another form, and keep different photos apart.

#![expect(clippy::unwrap_used, reason = "support code of tests fails by panicking")]

use crate::support::{ingested, jpeg, room};
use doorstep_media::{Print, Prints};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, Rgb, RgbImage};
use sync_core::photo::thresholds::{REUSE_PROBABLE, REUSE_STRONG};

/// Photos that are compared: each scene that can be drawn, and one of them twice in other colours and light.
const SEEDS: std::ops::Range<u64> = 0..4;

fn prints(picture: &DynamicImage) -> Prints {
    ingested(&jpeg(picture)).prints
}

/// The distance between a photo and what was made of it, for each of some photos.
fn distances(change: impl Fn(&DynamicImage) -> DynamicImage) -> Vec<u32> {
    SEEDS.map(room).map(|photo| prints(&change(&photo)).distance(&prints(&photo)).unwrap()).collect()
}

fn assert_within(limit: u32, what: &str, change: impl Fn(&DynamicImage) -> DynamicImage) {
    let found = distances(change);
    assert!(found.iter().all(|distance| *distance <= limit), "{what}: {found:?}, {limit} are allowed");
}

fn recompressed(photo: &DynamicImage, quality: u8) -> DynamicImage {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(photo).unwrap();
    image::load_from_memory(&bytes).unwrap()
}

/// Cuts off a share of each side, in thousandths: left, top, right, bottom.
fn cropped(photo: &DynamicImage, [left, top, right, bottom]: [u32; 4]) -> DynamicImage {
    let (width, height) = (photo.width(), photo.height());
    let (x, y) = (width * left / 1000, height * top / 1000);
    photo.crop_imm(x, y, width - x - width * right / 1000, height - y - height * bottom / 1000)
}

fn bordered(photo: &DynamicImage, permille: u32) -> DynamicImage {
    let edge = photo.width() * permille / 1000;
    let mut paper = RgbImage::new(photo.width() + 2 * edge, photo.height() + 2 * edge);
    imageops::replace(&mut paper, &photo.to_rgb8(), edge.into(), edge.into());
    paper.into()
}

fn stamped(photo: &DynamicImage) -> DynamicImage {
    let mut picture = photo.to_rgb8();
    let (width, height) = picture.dimensions();
    for y in height * 93 / 100..height {
        for x in 0..width {
            picture.put_pixel(x, y, if x / 16 % 3 == 1 { Rgb([255; 3]) } else { Rgb([0; 3]) });
        }
    }
    picture.into()
}

#[test]
fn compression_and_size_hardly_change_a_print() {
    for quality in [50, 20] {
        assert_within(REUSE_STRONG.start, "recompressed", |photo| recompressed(photo, quality));
    }
    for side in [1600, 400] {
        assert_within(REUSE_STRONG.start, "resized", |photo| photo.resize(side, side, FilterType::Triangle));
    }
}

#[test]
fn mirrors_and_turns_hardly_change_the_nearest_print() {
    assert_within(REUSE_STRONG.start, "mirrored", DynamicImage::fliph);
    assert_within(REUSE_STRONG.start, "upside down", DynamicImage::flipv);
    assert_within(REUSE_STRONG.start, "a quarter turn", DynamicImage::rotate90);
    assert_within(REUSE_STRONG.start, "half a turn", DynamicImage::rotate180);
    assert_within(REUSE_STRONG.start, "three quarters", DynamicImage::rotate270);
}

#[test]
fn crops_borders_and_stamps_are_probably_found() {
    for permille in [20, 50, 80, 100] {
        assert_within(REUSE_PROBABLE.start, "cropped", |photo| cropped(photo, [permille; 4]));
    }
    assert_within(REUSE_PROBABLE.start, "border", |photo| bordered(photo, 40));
    assert_within(REUSE_PROBABLE.start, "stamp", stamped);
    assert_within(REUSE_PROBABLE.start, "mirrored, cropped, compressed", |photo| {
        recompressed(&cropped(&photo.fliph(), [50; 4]), 40)
    });
}

#[test]
fn different_photos_stay_apart() {
    let all: Vec<Prints> = SEEDS.map(|seed| prints(&room(seed))).collect();
    let mut nearest = u32::MAX;
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            nearest = nearest.min(one.distance(other).unwrap());
        }
    }
    assert!(nearest > REUSE_PROBABLE.start, "the nearest two are {nearest} apart");
}

#[test]
fn a_plain_wall_and_a_black_frame_have_no_print() {
    for shade in [0, 128, 255] {
        let plain = prints(&RgbImage::from_pixel(640, 480, Rgb([shade; 3])).into());
        assert_eq!(plain, Prints { windows: [None; 4], detail_c: 0 });
        assert_eq!(plain.distance(&prints(&room(1))), None);
    }
}

#[test]
fn the_eight_orientations_of_a_print_are_a_group() {
    let [_, crop, ..] = prints(&room(3)).windows.map(Option::unwrap);
    let turned = crop.orientations();
    for print in turned {
        assert!(print.orientations().contains(&crop), "every orientation leads back");
        assert_eq!(turned.iter().filter(|other| **other == print).count(), 1, "no two are alike");
        assert_eq!(Print::from_bytes(print.to_bytes()), print);
    }
}

#[test]
fn a_print_is_the_same_on_every_machine() {
    // A picture without a codec's choices in it: 64 by 64 dots, none of them shrunk or turned into another grey.
    let dot = |x: u32, y: u32| u8::try_from((x * x * 3 + y * 7 + x * y * 5) % 251).unwrap();
    let picture = DynamicImage::from(RgbImage::from_fn(64, 64, |x, y| Rgb([dot(x, y); 3])));
    let file = crate::support::written(&picture, image::ImageFormat::Png);
    let [whole, ..] = ingested(&file).prints.windows;
    let hex: String = whole.unwrap().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "6909a10810005b6bb509d2065b4ae524dd91ca5afd2492ebeb59ed30929fff60");
}
