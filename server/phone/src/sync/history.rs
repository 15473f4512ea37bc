//! The history of a document as a graph: what lies below some heads, and what the heads of a set are.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::VisitDoc;

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

    /// Whether the document has a change.
    pub(super) fn has(&self, hash: &Hash) -> bool {
        self.deps.contains_key(hash)
    }

    /// The known ones of some heads and everything below them.
    pub(super) fn below(&self, heads: &[Hash]) -> BTreeSet<Hash> {
        let mut found = BTreeSet::new();
        let mut open: Vec<Hash> = heads.iter().filter(|head| self.has(head)).copied().collect();
        while let Some(hash) = open.pop() {
            if found.insert(hash) {
                open.extend(self.deps.get(&hash).into_iter().flatten());
            }
        }
        found
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

/// Splits change chunks that stand one after the other; `None` if the bytes end inside one.
pub(super) fn split_chunks(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
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
