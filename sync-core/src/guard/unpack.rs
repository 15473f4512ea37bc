//! From chunks to changes: what a push holds, before anything of it is judged.

use std::borrow::Cow;
use std::collections::BTreeSet;

use automerge::{Automerge, Change};

use super::budget::Limits;
use super::document::check_document;
use super::header::{Chunk, read_change, read_chunk};
use super::push::Push;
use super::refusal::RefusalCode;
use super::scratch::guarded;
use crate::bytes::Hash;
use crate::doc::genesis::CHANGE_CHUNK;

/// A change of the push, not yet judged.
pub(super) struct Item<'a> {
    pub(super) hash: Hash,
    pub(super) deps: Vec<Hash>,
    exact: &'a [u8],
    /// The uncompressed chunk, if it is not `exact` itself.
    inflated: Option<Vec<u8>>,
    /// The change as Automerge holds it, if it came in a document.
    pub(super) change: Option<Change>,
    /// A refusal found while unpacking.
    pub(super) unreadable: Option<RefusalCode>,
}

impl Item<'_> {
    pub(super) fn chunk(&self) -> &[u8] {
        match (&self.change, &self.inflated) {
            (Some(change), _) => change.raw_bytes(),
            (None, Some(inflated)) => inflated,
            (None, None) => self.exact,
        }
    }

    /// The bytes to keep: as received, or for a change inside a document its own chunk.
    pub(super) fn exact(&self) -> Vec<u8> {
        self.change.as_ref().map_or(self.exact, Change::raw_bytes).to_vec()
    }
}

#[derive(Default)]
pub(super) struct Unpacked<'a> {
    pub(super) items: Vec<Item<'a>>,
    /// A document chunk that Automerge could load.
    pub(super) whole: Option<&'a [u8]>,
    pub(super) duplicates: usize,
    /// Document chunks refused as a whole, with the reason.
    pub(super) refused: Vec<(&'a [u8], RefusalCode)>,
}

impl<'a> Unpacked<'a> {
    /// Reads the chunks into changes, without those that are known.
    pub(super) fn of(push: &Push<'a>, limits: &Limits) -> Self {
        let mut unpacked = Self::default();
        for bytes in push.chunks {
            match read_chunk(bytes, limits) {
                Ok(Chunk::Document { body }) => {
                    if let Err(code) = unpacked.add_document(push, bytes, body, limits) {
                        unpacked.refused.push((bytes, code));
                    }
                }
                Ok(Chunk::Change { hash, chunk }) => {
                    let header = read_change(&chunk, limits);
                    let unreadable = header.as_ref().err().copied();
                    let deps = header.map(|header| header.deps).unwrap_or_default();
                    let inflated = if let Cow::Owned(chunk) = chunk { Some(chunk) } else { None };
                    unpacked.items.push(Item { hash, deps, exact: bytes, inflated, change: None, unreadable });
                }
                Err(code) => unpacked.items.push(Item {
                    hash: name_of_unreadable(bytes),
                    deps: Vec::new(),
                    exact: bytes,
                    inflated: None,
                    change: None,
                    unreadable: Some(code),
                }),
            }
        }
        let mut seen = BTreeSet::new();
        let before = unpacked.items.len();
        unpacked.items.retain(|item| !push.knows(&item.hash) && seen.insert(item.hash));
        unpacked.duplicates += before - unpacked.items.len();
        unpacked
    }

    /// Reads a document chunk, which only a document new to the server may be.
    ///
    /// A repeated first push is a duplicate all the same: its answer may have been lost.
    fn add_document(
        &mut self,
        push: &Push<'_>,
        bytes: &'a [u8],
        body: &[u8],
        limits: &Limits,
    ) -> Result<(), RefusalCode> {
        let heads = check_document(body, limits)?;
        if !heads.is_empty() && heads.iter().all(|head| push.knows(head)) {
            self.duplicates += 1;
            return Ok(());
        }
        if push.stored.is_some() || self.whole.is_some() {
            return Err(RefusalCode::ChangeEncodingNotAllowed);
        }
        let changes = changes_in(bytes)?;
        self.whole = Some(bytes);
        self.items.extend(changes.into_iter().map(|change| Item {
            hash: Hash(change.hash().0),
            deps: change.deps().iter().map(|dep| Hash(dep.0)).collect(),
            exact: bytes,
            inflated: None,
            change: Some(change),
            unreadable: None,
        }));
        Ok(())
    }
}

/// The changes of a document chunk that was checked.
pub(super) fn changes_in(bytes: &[u8]) -> Result<Vec<Change>, RefusalCode> {
    guarded(|| {
        let doc = Automerge::load(bytes).map_err(|_unreadable| RefusalCode::ChangeRejected)?;
        Ok(doc.get_changes(&[]))
    })
}

/// A chunk as its changes, each a chunk of its own, dependencies first; itself where it is no document, or none that may be
/// loaded within the limits.
#[must_use]
pub fn as_changes(chunk: Vec<u8>, limits: &Limits) -> Vec<Vec<u8>> {
    changes_of_document(&chunk, limits).unwrap_or_else(|| vec![chunk])
}

fn changes_of_document(bytes: &[u8], limits: &Limits) -> Option<Vec<Vec<u8>>> {
    let limits = limits.within_ceiling();
    let Ok(Chunk::Document { body }) = read_chunk(bytes, &limits) else { return None };
    check_document(body, &limits).ok()?;
    let changes = changes_in(bytes).ok()?;
    Some(changes.iter().map(|change| change.raw_bytes().to_vec()).collect())
}

/// The name of bytes that are refused unread: the change hash if they are an intact change chunk, so
/// that changes depending on it are recognised, else their SHA-256.
fn name_of_unreadable(bytes: &[u8]) -> Hash {
    let hash = Hash::of(bytes.get(8..).unwrap_or_default());
    let is_intact = bytes.get(8) == Some(&CHANGE_CHUNK) && bytes.get(4..8) == hash.as_bytes().get(..4);
    if is_intact { hash } else { Hash::of(bytes) }
}
