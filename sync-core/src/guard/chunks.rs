//! Chunks that stand one after the other, told apart without reading what is in them.

/// Bytes before the hashed part of a chunk: magic and checksum.
const UNHASHED: usize = 8;

/// Splits change chunks that stand one after the other; `None` if the bytes end inside one.
#[must_use]
pub fn split_chunks(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        // Magic, checksum, type, then the length as unsigned LEB128.
        let mut length: u64 = 0;
        let mut at = UNHASHED + 1;
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
        chunks.push(bytes.get(..end)?.to_vec());
        bytes = bytes.get(end..)?;
    }
    Some(chunks)
}
