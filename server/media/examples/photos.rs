//! Draws photos as phones store them, for benchmarks:
//! `cargo run --release -p doorstep-media --example photos -- DIRECTORY COUNT`.
//!
//! 12 megapixels, colours at half the resolution, EXIF with time, position and how the phone was held. Equal numbers give
//! equal bytes.

use std::error::Error;
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use doorstep_media::draw::interior;
use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// The size of most phones' photos.
///
/// # Units
/// Pixels.
const SIZE: (u16, u16) = (4032, 3024);

/// JPEG quality, 1 to 100: near that of a phone.
const QUALITY: u8 = 90;

/// Faces of each of the four dice whose sum is the noise of a pixel.
///
/// # Source
/// Chosen so that the files have about 3 MB, as those of phones.
const GRAIN: u8 = 8;

/// How phones are held: upright, and turned in three ways.
const ORIENTATIONS: [u16; 4] = [1, 6, 8, 3];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: photos DIRECTORY COUNT";
    let directory = PathBuf::from(arguments.next().ok_or(usage)?);
    let count: u32 = arguments.next().ok_or(usage)?.parse()?;
    fs::create_dir_all(&directory)?;
    for number in 0..count {
        let file = directory.join(format!("photo-{number:03}.jpg"));
        // Only what is complete gets the name.
        let unfinished = file.with_extension("part");
        if !file.exists() {
            fs::write(&unfinished, photo(number)?)?;
            fs::rename(unfinished, file)?;
        }
    }
    Ok(())
}

fn photo(number: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    let (width, height) = SIZE;
    let drawn = interior(number.into(), width.into(), height.into())?;
    let mut picture = image::load_from_memory(&drawn)?.into_rgb8();
    add_grain(&mut picture, number);
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.add_app_segment(1, [b"Exif\0\0".to_vec(), metadata(number)?].concat())?;
    encoder.encode(picture.as_raw(), width, height, ColorType::Rgb)?;
    Ok(jpeg)
}

/// Adds the noise of a small sensor: without it the files have half the bytes of a phone's, and are as much cheaper.
fn add_grain(picture: &mut RgbImage, number: u32) {
    // xorshift32, whose state must not be zero.
    let mut state = number | 1 << 31;
    let mut dice = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    };
    for pixel in picture.pixels_mut() {
        // Four dice give a bell, and at all brightnesses the same.
        let sum: i16 = dice().iter().map(|byte| i16::from(byte % GRAIN)).sum();
        let noise = sum - 2 * (i16::from(GRAIN) - 1);
        pixel.0 = pixel.0.map(|channel| u8::try_from((i16::from(channel) + noise).clamp(0, 255)).unwrap_or(channel));
    }
}

/// What a phone writes beside the pixels.
fn metadata(number: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    let turn = usize::try_from(number)? % ORIENTATIONS.len();
    let taken_at = format!("2026:03:14 10:{:02}:00", number % 60);
    let text = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let degrees = |whole, minutes| {
        let parts = [(whole, 1), (minutes, 1), (number % 6000, 100)];
        Value::Rational(parts.map(|(num, denom)| Rational { num, denom }).to_vec())
    };
    let fields = [
        (Tag::Make, text("Drawn")),
        (Tag::Model, text("Phone")),
        (Tag::Orientation, Value::Short(ORIENTATIONS.get(turn).copied().into_iter().collect())),
        (Tag::DateTime, text(&taken_at)),
        (Tag::DateTimeOriginal, text(&taken_at)),
        (Tag::GPSLatitudeRef, text("N")),
        (Tag::GPSLatitude, degrees(31, 13)),
        (Tag::GPSLongitudeRef, text("E")),
        (Tag::GPSLongitude, degrees(121, 28)),
    ];
    let fields = fields.map(|(tag, value)| Field { tag, ifd_num: In::PRIMARY, value });
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut block = Cursor::new(Vec::new());
    writer.write(&mut block, true)?;
    Ok(block.into_inner())
}
