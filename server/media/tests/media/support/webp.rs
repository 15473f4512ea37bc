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
