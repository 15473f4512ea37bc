//! Pictures as a phone takes them, and as somebody makes new ones of old ones.

use doorstep_media::draw::{DemoPhoto, draw};
use doorstep_media::{Deadline, Limits, ingest};

/// A drawn photo. There are three scenes only, so captions of other lengths make more of them.
pub fn photo(seed: u64) -> Vec<u8> {
    let order = format!("Order 209-{:04}", seed * 37 + 12);
    let title =
        ["Router", "Splitter in the hall", "Outdoor route and box", "Meter"][usize::try_from(seed % 4).expect("small")];
    let lines = [order.as_str(), "Chengdu", "first floor", "left door"];
    let lines = &lines[..usize::try_from(seed / 4 % 4 + 1).expect("small")];
    draw(&DemoPhoto { seed, width: 960, height: 720, title, lines }).expect("a photo")
}

/// A photo compressed anew, at the same size.
pub fn recompressed(photo: &[u8]) -> Vec<u8> {
    ingest(photo, &Limits::default(), &Deadline::default()).expect("a photo").previews.preview_1600
}

/// A photo at a third of its size.
pub fn resized(photo: &[u8]) -> Vec<u8> {
    ingest(photo, &Limits::default(), &Deadline::default()).expect("a photo").previews.thumbnail_320
}

/// A photo that is shown turned by a quarter: orientation 6 of EXIF.
pub fn turned(photo: &[u8]) -> Vec<u8> {
    with_entry(photo, [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0])
}

/// A photo whose metadata says that the camera was made by HW.
pub fn made_by_hw(photo: &[u8]) -> Vec<u8> {
    with_entry(photo, *b"\x01\x0f\0\x02\0\0\0\x03HW\0\0")
}

/// A photo with one entry of EXIF.
fn with_entry(photo: &[u8], entry: [u8; 12]) -> Vec<u8> {
    let tiff = [b"MM\0\x2a\0\0\0\x08\0\x01".as_slice(), &entry, &[0; 4]].concat();
    let body = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = u16::try_from(body.len() + 2).expect("a segment").to_be_bytes();
    [&photo[..2], &[0xFF, 0xE1], &length, &body, &photo[2..]].concat()
}

/// A grey picture of 640 by 480 dots, each made from its place, as PNG without compression.
pub fn grey(dot: impl Fn(u32, u32) -> u8) -> Vec<u8> {
    let (width, height) = (640, 480);
    let header = [&u32::to_be_bytes(width)[..], &u32::to_be_bytes(height), &[8, 0, 0, 0, 0]].concat();
    let rows: Vec<u8> = (0..height)
        .flat_map(|y| {
            [0].into_iter().chain((0..width).map(move |x| (x, y)).map(|(x, y)| dot(x, y))).collect::<Vec<u8>>()
        })
        .collect();
    let mut data = vec![0x78, 0x01];
    let parts = rows.chunks(0xFFFF);
    let last = parts.len() - 1;
    for (number, part) in parts.enumerate() {
        let length = u16::try_from(part.len()).expect("a part");
        data.push(u8::from(number == last));
        data.extend(length.to_le_bytes());
        data.extend((!length).to_le_bytes());
        data.extend(part);
    }
    let (low, high) = rows.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    data.extend((high << 16 | low).to_be_bytes());
    let chunks = [chunk(*b"IHDR", &header), chunk(*b"IDAT", &data), chunk(*b"IEND", &[])].concat();
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks].concat()
}

fn chunk(name: [u8; 4], body: &[u8]) -> Vec<u8> {
    let named = [&name[..], body].concat();
    let checksum = named.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    let length = u32::try_from(body.len()).expect("a chunk").to_be_bytes();
    [&length[..], &named, &(!checksum).to_be_bytes()].concat()
}
