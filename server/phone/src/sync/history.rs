//! The history of a document as a graph: what lies below some heads, and what the heads of a set are.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::{VisitDoc, with_all_below};

use crate::error::PhoneResult;

/// Bytes before the hashed part of a chunk: magic and checksum.
const UNHASHED: usize = 8;

/// One change with its chunk.
#[derive(Debug)]
pub(super) struct Change {
    pub hash: Hash,
    pub actor: Option<Actor>,
    pub deps: Vec<Hash>,
    pub chunk: Blob,
}

/// All changes of a document in causal order.
#[derive(Debug)]
pub(super) struct History {
    pub changes: Vec<Change>,
    deps: BTreeMap<Hash, Vec<Hash>>,
}

impl History {
    /// Reads the history of a document.
    pub(super) fn of(doc: &VisitDoc) -> PhoneResult<Self> {
        let metas = doc.change_metas();
        let actors: BTreeMap<Hash, Actor> = metas.iter().map(|meta| (meta.hash, meta.actor)).collect();
        let deps: BTreeMap<Hash, Vec<Hash>> = metas.into_iter().map(|meta| (meta.hash, meta.deps)).collect();
        let changes = doc.changes_since(&[])?.into_iter().map(|chunk| {
            let hash = Hash::of(chunk.get(UNHASHED..).unwrap_or_default());
            Change {
                hash,
                actor: actors.get(&hash).copied(),
                deps: deps.get(&hash).cloned().unwrap_or_default(),
                chunk: Blob(chunk),
            }
        });
        Ok(Self { changes: changes.collect(), deps })
    }

    /// The chunk of a change.
    pub(super) fn chunk_of(&self, hash: &Hash) -> Option<Blob> {
        self.changes.iter().find(|known| known.hash == *hash).map(|known| known.chunk.clone())
    }

    /// Whether the document has a change.
    pub(super) fn has(&self, hash: &Hash) -> bool {
        self.deps.contains_key(hash)
    }

    /// The known ones of some heads and everything below them.
    pub(super) fn below(&self, heads: &[Hash]) -> BTreeSet<Hash> {
        with_all_below(&self.deps, heads.iter().filter(|head| self.has(head)).copied())
    }

    /// The members of a set that no other member builds on, sorted.
    pub(super) fn heads_of(&self, set: &BTreeSet<Hash>) -> Vec<Hash> {
        let inner: BTreeSet<&Hash> = set.iter().filter_map(|hash| self.deps.get(hash)).flatten().collect();
        set.iter().filter(|hash| !inner.contains(hash)).copied().collect()
    }
}

/// Whether a chunk is a whole document rather than one change: its type byte follows magic and checksum.
pub(super) fn is_document(chunk: &[u8]) -> bool {
    chunk.get(UNHASHED) == Some(&0)
}
