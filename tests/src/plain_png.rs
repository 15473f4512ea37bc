//! A PNG of one colour: any number of pixels in a few bytes, all of them there.

use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// Colours of eight bits, as the header numbers them.
const EIGHT_BITS: [u8; 2] = [8, 2];

/// Bytes of a pixel in colours.
const PIXEL_BYTES: u32 = 3;

/// A black picture in colours.
///
/// # Panics
/// If a row has no room in memory.
#[must_use]
pub fn plain_png(width: u32, height: u32) -> Vec<u8> {
    let [depth, colours] = EIGHT_BITS;
    let header = [&width.to_be_bytes(), &height.to_be_bytes(), [depth, colours, 0, 0, 0].as_slice()].concat();
    // Each row begins with the number of its filter, which is none.
    let row = vec![0; usize::try_from(1 + PIXEL_BYTES * width).expect("a row")];
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::fast());
    (0..height).for_each(|_| pixels.write_all(&row).expect("a row"));
    let pixels = pixels.finish().expect("the end");
    let chunks = [(b"IHDR", header.as_slice()), (b"IDAT", &pixels), (b"IEND", &[])];
    let chunks = chunks.map(|(name, body)| chunk(name, body));
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat()
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(body);
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    [length.as_slice(), name, body, &crc.sum().to_be_bytes()].concat()
}
