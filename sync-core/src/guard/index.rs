//! The change index: what the server knows of a document's history without loading it.
//!
//! Answers replays, forks and counters. One index lies beside each stored document.

use std::collections::{BTreeMap, HashMap};

use super::reader::{Malformed, Reader};
use crate::bytes::{Actor, Hash};
use crate::doc::genesis::write_uleb;
use crate::doc::{ChangeMeta, VisitDoc};
use crate::merge::view::OpId;

/// The version of the encoded form.
const FORMAT: u8 = 1;

/// Reports stored index bytes that are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("change index is damaged")]
pub struct IndexError;

/// Every change of a document by hash and by (actor, sequence number).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeIndex {
    /// Changes of each actor; the position is the sequence number less one.
    actors: BTreeMap<Actor, Vec<Hash>>,
    /// Highest operation counter of each change.
    max_ops: HashMap<Hash, u64>,
    operations: u64,
}

impl ChangeIndex {
    /// Builds the index of a document, for rebuilding a lost one.
    #[must_use]
    pub fn of(doc: &VisitDoc) -> Self {
        let mut index = Self::default();
        for change in doc.change_metas() {
            index.insert(&change);
        }
        index
    }

    /// Whether a change is stored.
    #[must_use]
    pub fn contains(&self, hash: &Hash) -> bool {
        self.max_ops.contains_key(hash)
    }

    /// The highest operation counter of a stored change.
    #[must_use]
    pub fn max_op(&self, hash: &Hash) -> Option<u64> {
        self.max_ops.get(hash).copied()
    }

    /// The last operation of a stored change; reads all of them.
    #[must_use]
    pub fn last_op(&self, hash: &Hash) -> Option<OpId> {
        let counter = self.max_op(hash)?;
        let writer = self.actors.iter().find(|(_, changes)| changes.contains(hash));
        writer.map(|(actor, _)| OpId { counter, actor: *actor })
    }

    /// The newest change of an actor and its sequence number.
    #[must_use]
    pub fn last(&self, actor: &Actor) -> Option<(u64, Hash)> {
        let changes = self.actors.get(actor)?;
        Some((u64::try_from(changes.len()).ok()?, *changes.last()?))
    }

    /// All actors in order.
    pub fn actors(&self) -> impl ExactSizeIterator<Item = &Actor> {
        self.actors.keys()
    }

    /// The number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.max_ops.len()
    }

    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.max_ops.is_empty()
    }

    /// The number of operations of all changes.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// Adds the next change of its actor.
    pub(super) fn insert(&mut self, change: &ChangeMeta) {
        self.actors.entry(change.actor).or_default().push(change.hash);
        self.max_ops.insert(change.hash, change.max_op);
        self.operations += (change.max_op + 1).saturating_sub(change.start_op);
    }

    /// The compact stored form: 33 to 36 bytes per change.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.actors.len() * 18 + self.len() * 35);
        out.push(FORMAT);
        write_number(&mut out, self.operations);
        write_uleb(&mut out, self.actors.len());
        for (actor, changes) in &self.actors {
            out.extend(actor.as_bytes());
            write_uleb(&mut out, changes.len());
            for hash in changes {
                out.extend(hash.as_bytes());
                write_number(&mut out, self.max_op(hash).unwrap_or(0));
            }
        }
        out
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`IndexError`] if the bytes are not exactly one index.
    pub fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        read_index(bytes).map_err(|Malformed| IndexError)
    }
}

fn read_index(bytes: &[u8]) -> Result<ChangeIndex, Malformed> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != FORMAT {
        return Err(Malformed);
    }
    let mut index = ChangeIndex { operations: reader.uleb()?, ..ChangeIndex::default() };
    for _ in 0..reader.uleb()? {
        let actor = Actor(reader.array()?);
        let mut changes = Vec::new();
        for _ in 0..reader.uleb()? {
            let hash = reader.hash()?;
            changes.push(hash);
            index.max_ops.insert(hash, reader.uleb()?);
        }
        index.actors.insert(actor, changes);
    }
    if reader.is_empty() { Ok(index) } else { Err(Malformed) }
}

fn write_number(out: &mut Vec<u8>, value: u64) {
    // Counters stay below 2^32, so nothing is cut on a 32-bit target.
    write_uleb(out, usize::try_from(value).unwrap_or(usize::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::Map;
    use crate::ids::VisitId;

    #[test]
    fn the_stored_form_is_the_index() {
        let mut doc = VisitDoc::create(VisitId::from_bytes([9; 16])).unwrap();
        for number in 0..40u8 {
            let actor = Actor([number % 3; 16]);
            doc.edit(actor, |edit| edit.put(Map::Photos, &number.to_string(), &number)).unwrap();
        }
        let index = ChangeIndex::of(&doc);
        assert_eq!((index.len(), index.operations(), index.actors().len()), (41, 56, 4));
        assert_eq!(index.last(&Actor([1; 16])).map(|(seq, _)| seq), Some(13));
        let bytes = index.encode();
        assert!(bytes.len() < 41 * 36, "{}", bytes.len());
        assert_eq!(ChangeIndex::decode(&bytes), Ok(index));
        for cut in 0..bytes.len() {
            assert_eq!(ChangeIndex::decode(&bytes[..cut]), Err(IndexError));
        }
        assert_eq!(ChangeIndex::decode(&[bytes, vec![0]].concat()), Err(IndexError));
    }
}
