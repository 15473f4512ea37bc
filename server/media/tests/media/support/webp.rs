//! Builds WebP files, chunk by chunk.

/// A WebP of chunks.
pub fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let chunks = chunks.concat();
    let length = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
    [b"RIFF", length.as_slice(), b"WEBP", &chunks].concat()
}

/// A chunk of a WebP.
pub fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    let padding: &[u8] = if body.len() % 2 == 1 { &[0] } else { &[] };
    [name, length.as_slice(), body, padding].concat()
}

/// Width and height, each one less and in three bytes.
fn sides(width: u32, height: u32) -> Vec<u8> {
    [width, height].iter().flat_map(|side| (side - 1).to_le_bytes()[..3].to_vec()).collect()
}

/// The header of an extended WebP: flags and canvas.
pub fn canvas(flags: u8, width: u32, height: u32) -> Vec<u8> {
    chunk(b"VP8X", &[[flags, 0, 0, 0].as_slice(), &sides(width, height)].concat())
}

/// The header of a lossy picture, and nothing behind it.
pub fn lossy(width: u16, height: u16) -> Vec<u8> {
    let sides = [width.to_le_bytes(), height.to_le_bytes()].concat();
    chunk(b"VP8 ", &[[0x10, 0, 0, 0x9D, 0x01, 0x2A].as_slice(), &sides].concat())
}

/// The header of a lossless picture, and nothing behind it.
pub fn lossless(width: u32, height: u32) -> Vec<u8> {
    let bits = (width - 1) | ((height - 1) << 14);
    chunk(b"VP8L", &[[0x2F].as_slice(), &bits.to_le_bytes()].concat())
}

/// A frame of an animation, of the parts of its picture.
pub fn frame(width: u32, height: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    let header = [[0; 6].as_slice(), &sides(width, height), &[0; 4]].concat();
    chunk(b"ANMF", &[header, parts.concat()].concat())
}

/// Bits as a stream of a lossless picture has them: each number with its lowest bit first.
#[derive(Default)]
pub struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    /// Puts numbers behind each other, each with so many bits.
    pub fn put(&mut self, numbers: &[(u32, usize)]) {
        for (number, width) in numbers {
            for bit in 0..*width {
                if self.count.is_multiple_of(8) {
                    self.bytes.push(0);
                }
                let set = u8::try_from(number >> bit & 1).unwrap() << (self.count % 8);
                *self.bytes.last_mut().unwrap() |= set;
                self.count += 1;
            }
        }
    }

    pub fn bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A stream that gives each pixel the last of so many groups of codes, of which each has a green code of `symbols` symbols
/// of equal length; nothing of that costs more than some bits. Its picture is grey.
pub fn many_codes(groups: u32, symbols: u32) -> Vec<u8> {
    // The place of a length among those that are stored first.
    const PLACES: [usize; 16] = [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
    let length = symbols.ilog2();
    let mut bits = Bits::default();
    // No transform; 2,048 cached colours; a picture of groups, with a block for every 512 pixels a side.
    bits.put(&[(0, 1), (1, 1), (11, 4), (1, 1), (7, 3)]);
    // That picture: no cached colours, and one symbol in each code.
    bits.put(&[(0, 1)]);
    let last = groups - 1;
    for number in [last & 0xFF, last >> 8, 0, 0, 0] {
        bits.put(&[(1, 1), (0, 1), (1, 1), (number, 8)]);
    }
    for _ in 0..groups {
        // The code of lengths has that one length only: each of them takes no bits.
        let stored = PLACES[usize::try_from(length).unwrap()] + 1;
        bits.put(&[(0, 1), (u32::try_from(stored - 4).unwrap(), 4)]);
        (0..stored).for_each(|place| bits.put(&[(u32::from(place + 1 == stored), 3)]));
        bits.put(&[(1, 1), (5, 3), (symbols - 2, 12)]);
        for _ in 0..4 {
            bits.put(&[(1, 1), (0, 1), (0, 1), (0, 1)]);
        }
    }
    // Pixels: all of them the first symbol.
    bits.put(&[(0, 32); 128]);
    bits.bytes()
}
