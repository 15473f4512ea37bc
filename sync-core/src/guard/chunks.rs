//! Chunks that stand one after the other, told apart without reading what is in them.

/// Bytes before the hashed part of a chunk: magic and checksum.
const UNHASHED: usize = 8;

/// Splits chunks that stand one after the other; `None` if the bytes end inside one or are no chunks.
#[must_use]
pub fn split_chunks(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    match split_readable(bytes) {
        (chunks, []) => Some(chunks.into_iter().map(<[u8]>::to_vec).collect()),
        _ => None,
    }
}

/// The whole chunks at the beginning, and what is left.
pub(super) fn split_readable(mut bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut chunks = Vec::new();
    while let Some((chunk, rest)) = first_chunk(bytes) {
        chunks.push(chunk);
        bytes = rest;
    }
    (chunks, bytes)
}

fn first_chunk(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    // Magic, checksum, type, then the length as unsigned LEB128.
    let mut at = UNHASHED + 1;
    let mut length: u64 = 0;
    loop {
        let byte = *bytes.get(at)?;
        let shift = u32::try_from(at - UNHASHED - 1).ok()?.checked_mul(7)?;
        length |= u64::from(byte & 0x7f).checked_shl(shift)?;
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length))?;
    (end <= bytes.len()).then(|| bytes.split_at(end))
}
