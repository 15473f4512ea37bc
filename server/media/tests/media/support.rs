//! Builds small pictures and broken files for the tests of this crate.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "support code of tests fails by panicking")]

pub mod heic;
pub mod webp;

use std::fs;
use std::io::Cursor;
use std::path::Path;

use doorstep_media::draw::{DemoPhoto, draw};
use doorstep_media::{Deadline, Ingested, Limits, NoPreview, Previews, ingest};
use image::codecs::png::PngEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage};

/// Bytes that must never appear in a preview.
pub const CANARY: &[u8] = b"canary 31.2304N 121.4737E";

/// A picture with another colour in each quarter: red, green / blue, white.
pub fn four_corners(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| match (x * 2 < width, y * 2 < height) {
        (true, true) => Rgb([220, 20, 20]),
        (false, true) => Rgb([20, 200, 20]),
        (true, false) => Rgb([20, 20, 220]),
        (false, false) => Rgb([240, 240, 240]),
    }))
}

/// Names the colour in the middle of each quarter, in reading order.
pub fn corners(file: &[u8]) -> [&'static str; 4] {
    let picture = image::load_from_memory(file).unwrap().into_rgb8();
    let (width, height) = picture.dimensions();
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| {
        match picture.get_pixel(width * x / 4, height * y / 4).0.map(|channel| channel > 128) {
            [true, false, false] => "red",
            [false, true, false] => "green",
            [false, false, true] => "blue",
            [true, true, true] => "white",
            _ => "other",
        }
    })
}

/// Turns an upright picture into what a camera held that way stores.
pub fn as_stored(upright: &DynamicImage, exif_value: u8) -> DynamicImage {
    // A quarter turn is undone by the opposite one; every other orientation is its own inverse.
    let inverse = match exif_value {
        6 => 8,
        8 => 6,
        other => other,
    };
    let mut stored = upright.clone();
    stored.apply_orientation(Orientation::from_exif(inverse).unwrap());
    stored
}

pub fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn jpeg(picture: &DynamicImage) -> Vec<u8> {
    written(picture, ImageFormat::Jpeg)
}

pub fn size(file: &[u8]) -> (u32, u32) {
    doorstep_media::sniff(file).dimensions.unwrap()
}

/// A marker segment of a JPEG.
pub fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap();
    [&[0xFF, marker], length.to_be_bytes().as_slice(), body].concat()
}

/// Inserts a segment right behind the start of a JPEG.
pub fn with_segment(file: &[u8], segment: &[u8]) -> Vec<u8> {
    [&file[..2], segment, &file[2..]].concat()
}

/// A big-endian TIFF block with an orientation and a description that holds the canary.
pub fn tiff(orientation: u8) -> Vec<u8> {
    let mut bytes = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    let text = u32::try_from(CANARY.len()).unwrap().to_be_bytes();
    bytes.extend([&[0x01, 0x0E, 0, 2], text.as_slice(), &38_u32.to_be_bytes()].concat());
    bytes.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    bytes.extend([0, 0, 0, 0]);
    bytes.extend(CANARY);
    bytes
}

pub fn exif_segment(orientation: u8) -> Vec<u8> {
    segment(0xE1, &[b"Exif\0\0".as_slice(), &tiff(orientation)].concat())
}

pub fn png_with_exif(picture: &DynamicImage, orientation: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(tiff(orientation)).unwrap();
    let rgb = picture.to_rgb8();
    encoder.write_image(rgb.as_raw(), rgb.width(), rgb.height(), image::ExtendedColorType::Rgb8).unwrap();
    bytes
}

pub fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// The application and comment markers of a JPEG's header, in order.
pub fn application_segments(file: &[u8]) -> Vec<u8> {
    let mut rest = &file[2..];
    let mut found = Vec::new();
    while rest[1] != 0xDA {
        if matches!(rest[1], 0xE0..=0xEF | 0xFE) {
            found.push(rest[1]);
        }
        rest = &rest[2 + usize::from(u16::from_be_bytes([rest[2], rest[3]]))..];
    }
    found
}

/// A PNG chunk with a correct checksum.
pub fn png_chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let checksum = [name.as_slice(), body].concat().iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [length.as_slice(), name, body, &(!checksum).to_be_bytes()].concat()
}

/// A PNG whose header declares a size and whose data is nearly nothing.
pub fn png_bomb(width: u32, height: u32, bit_depth: u8, colour_type: u8) -> Vec<u8> {
    let header =
        [&width.to_be_bytes(), &height.to_be_bytes(), [bit_depth, colour_type, 0, 0].as_slice(), &[0]].concat();
    let data = [0x78, 0x9C, 0x63, 0, 0, 0, 1, 0, 1];
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &png_chunk(b"IHDR", &header),
        &png_chunk(b"IDAT", &data),
        &png_chunk(b"IEND", &[]),
    ]
    .concat()
}

/// A JPEG whose frame header declares a size, with a given frame marker and number of scans.
pub fn jpeg_bomb(frame_marker: u8, width: u16, height: u16, scans: usize) -> Vec<u8> {
    let real = jpeg(&four_corners(16, 16));
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.extend([3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    let mut bytes = vec![0xFF, 0xD8];
    bytes.extend(segment(frame_marker, &frame));
    for _ in 0..scans {
        bytes.extend(segment(0xDA, &[1, 1, 0, 0, 0, 0]));
        bytes.extend(&real[real.len() - 12..real.len() - 2]);
    }
    bytes.extend([0xFF, 0xD9]);
    bytes
}

/// Makes the copies of a photo.
pub fn preview(file: &[u8]) -> Result<Previews, NoPreview> {
    preview_within(file, &Limits::default())
}

/// Makes the copies of a photo under limits of the test.
pub fn preview_within(file: &[u8], limits: &Limits) -> Result<Previews, NoPreview> {
    ingest(file, limits, &Deadline::default()).map(|ingested| ingested.previews)
}

/// Works out everything of a photo, which must be one.
pub fn ingested(file: &[u8]) -> Ingested {
    ingest(file, &Limits::default(), &Deadline::default()).unwrap()
}

/// A drawn photo as pixels, to be changed as somebody would who uses it again.
pub fn room(seed: u64) -> DynamicImage {
    let photo = DemoPhoto { seed, width: 960, height: 720, title: "Router", lines: &["Order 209-0012"] };
    image::load_from_memory(&draw(&photo).unwrap()).unwrap()
}

/// Small pictures of every kind that is written with this ending, in order of their names; how they were made says
/// `seeds/make.py`.
pub fn seed_pictures(ending: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media/seeds");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == ending));
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}
