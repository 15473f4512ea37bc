//! The genesis change: the first change of every visit document, computed from the visit id alone.
//!
//! Owns its exact bytes (design section 13). They are written by hand rather than by a transaction,
//! because the guard computes them for every push; a test holds them equal to what Automerge writes.

use crate::bytes::{Actor, Hash};
use crate::doc::Map;
use crate::ids::VisitId;

/// The key of the text at the document's root.
pub const NOTES: &str = "notes";

/// The number of operations in the genesis change: one per map, then the text.
pub const GENESIS_OPS: u64 = 16;

/// Magic bytes of an Automerge chunk.
pub(crate) const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// Chunk type of a whole document.
pub(crate) const DOCUMENT_CHUNK: u8 = 0;
/// Chunk type of an uncompressed change.
pub(crate) const CHANGE_CHUNK: u8 = 1;

/// The genesis change of one visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// The change chunk.
    pub bytes: Vec<u8>,
    /// Its change hash.
    pub hash: Hash,
}

/// The actor of a visit's genesis change: the 16 bytes of the visit id.
#[must_use]
pub const fn genesis_actor(visit: VisitId) -> Actor {
    Actor(*visit.as_bytes())
}

/// Computes the genesis change of a visit.
///
/// # Source
/// Design section 13, Genesis; layout of the Automerge binary format, change chunks.
#[must_use]
pub fn genesis(visit: VisitId) -> Genesis {
    let mut body = Vec::with_capacity(192);
    // No dependencies; the actor with its length; seq 1, start_op 1, time 0; no message, no other actors.
    body.extend([0, 16]);
    body.extend(visit.as_bytes());
    body.extend([1, 1, 0, 0, 0]);
    write_columns(&mut body);

    let (hash, bytes) = seal_chunk(CHANGE_CHUNK, &body);
    Genesis { bytes, hash }
}

/// Puts the chunk header before a body and returns the chunk's hash with it.
pub(crate) fn seal_chunk(kind: u8, body: &[u8]) -> (Hash, Vec<u8>) {
    let mut hashed = Vec::with_capacity(body.len() + 11);
    hashed.push(kind);
    write_uleb(&mut hashed, body.len());
    hashed.extend(body);
    let hash = Hash::of(&hashed);
    let checksum = hash.as_bytes().iter().take(4);
    (hash, MAGIC.iter().chain(checksum).chain(&hashed).copied().collect())
}

/// Writes the operations: 15 maps and one text, created at the root without predecessors.
fn write_columns(body: &mut Vec<u8>) {
    let mut keys = vec![sleb_byte(-16)];
    for key in Map::ALL.iter().map(|map| map.key()).chain([NOTES]) {
        write_uleb(&mut keys, key.len());
        keys.extend(key.as_bytes());
    }
    let columns: [(u8, &[u8]); 5] = [
        (0x15, &keys),                      // key strings, one literal run
        (0x34, &[16]),                      // insert: 16 times false
        (0x42, &[15, 0, sleb_byte(-1), 4]), // action: 15 makeMap, 1 makeText
        (0x56, &[16, 0]),                   // values: 16 times null
        (0x70, &[16, 0]),                   // predecessors: 16 times none
    ];
    body.push(5);
    for (specification, data) in columns {
        body.push(specification);
        write_uleb(body, data.len());
    }
    for (_, data) in columns {
        body.extend(data);
    }
}

/// A small signed number in one byte of LEB128.
const fn sleb_byte(value: i8) -> u8 {
    value.cast_unsigned() & 0x7f
}

/// Writes an unsigned number as LEB128.
pub(crate) fn write_uleb(out: &mut Vec<u8>, value: usize) {
    let mut rest = value;
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or(0);
        rest >>= 7;
        if rest == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}
