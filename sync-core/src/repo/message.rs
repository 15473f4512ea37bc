//! Automerge's sync message, bounded before Automerge reads it.
//!
//! Automerge allocates and loops by numbers that the message claims (a Bloom filter of four thousand million probes);
//! so the message is walked here first, and its changes are taken out for the guard.

use automerge::sync::{ChunkList, Message};

use super::contained;
use crate::bytes::Hash;
use crate::guard::reader::{Malformed as Unreadable, Reader};

/// Most heads, needed hashes and known hashes that a message of a visit has: a document has at most 10,000 changes.
const MAX_HASHES: u64 = 10_000;

/// Most changes of a message.
const MAX_CHANGES: u64 = 10_000;

/// A Bloom filter as automerge makes it has 10 bits an entry and 7 probes.
const MAX_BITS_PER_ENTRY: u64 = 64;
const MAX_PROBES: u64 = 32;
const MAX_ENTRIES: u64 = 1 << 20;

/// Reports a sync message that is none, or exceeds what a visit can need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sync message that cannot be read")]
pub struct Malformed;

impl From<Unreadable> for Malformed {
    fn from(_: Unreadable) -> Self {
        Self
    }
}

/// A sync message without its changes.
#[derive(Debug)]
pub struct SyncMessage {
    /// The message, free of changes.
    pub(super) message: Message,
    /// The heads the peer has.
    heads: Vec<Hash>,
    /// The changes, unread.
    chunks: Vec<Vec<u8>>,
}

impl SyncMessage {
    /// Takes a message apart.
    ///
    /// # Errors
    /// [`Malformed`] for anything that Automerge could not read within bounds.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        check(bytes)?;
        let mut message = contained(|| Message::decode(bytes)).ok_or(Malformed)?.map_err(|_unreadable| Malformed)?;
        // Automerge relies on sorted hashes, and asserts it.
        message.heads.sort_unstable();
        message.heads.dedup();
        message.need.sort_unstable();
        for have in &mut message.have {
            have.last_sync.sort_unstable();
        }
        let chunks = message.changes.iter().map(<[u8]>::to_vec).filter(|chunk| !chunk.is_empty()).collect();
        message.changes = ChunkList::empty();
        let heads = message.heads.iter().map(|hash| Hash(hash.0)).collect();
        Ok(Self { message, heads, chunks })
    }

    /// The changes it brings, for the guard.
    #[must_use]
    pub fn chunks(&self) -> &[Vec<u8>] {
        &self.chunks
    }

    /// The heads of the sender.
    #[must_use]
    pub fn heads(&self) -> &[Hash] {
        &self.heads
    }
}

/// Walks a message as Automerge would read it.
fn check(bytes: &[u8]) -> Result<(), Malformed> {
    let mut reader = Reader::new(bytes);
    if !matches!(reader.byte()?, 0x42 | 0x43) {
        return Err(Malformed);
    }
    hashes(&mut reader)?;
    hashes(&mut reader)?;
    // A message summarises what its sender has once; Automerge trusts only the first summary to be checked.
    let summaries = bounded(&mut reader, 1)?;
    for _ in 0..summaries {
        hashes(&mut reader)?;
        let len = reader.uleb()?;
        bloom(reader.take(len)?)?;
    }
    for _ in 0..bounded(&mut reader, MAX_CHANGES)? {
        let len = reader.uleb()?;
        reader.take(len)?;
    }
    if !reader.is_empty() {
        let len = reader.uleb()?;
        reader.take(len)?;
    }
    Ok(())
}

fn bounded(reader: &mut Reader<'_>, most: u64) -> Result<u64, Malformed> {
    let count = reader.uleb()?;
    if count > most { Err(Malformed) } else { Ok(count) }
}

fn hashes(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    for _ in 0..bounded(reader, MAX_HASHES)? {
        reader.hash()?;
    }
    Ok(())
}

fn bloom(bytes: &[u8]) -> Result<(), Malformed> {
    let mut reader = Reader::new(bytes);
    if reader.is_empty() {
        return Ok(());
    }
    let entries = bounded(&mut reader, MAX_ENTRIES)?;
    let per_entry = bounded(&mut reader, MAX_BITS_PER_ENTRY)?;
    bounded(&mut reader, MAX_PROBES)?;
    let len = (entries * per_entry).div_ceil(8);
    // A filter without bits would be divided by.
    if entries == 0 || len == 0 {
        return Err(Malformed);
    }
    reader.take(len)?;
    Ok(())
}
