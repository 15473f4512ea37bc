//! The outbox: chooses what of a phone's unsent items goes into the next request, and in which order.
//!
//! Filled from the phone's store before each request. It frees nothing: **an item leaves the store only when a verified
//! held receipt names it**. Knows nothing of Automerge: changes are hashes, dependencies and bytes.

mod batch;

use std::collections::{BTreeMap, BTreeSet};

use super::message::PushStatement;
use crate::bytes::{Blob, Hash};
use crate::ids::{IntentId, VisitId};
use crate::time::UnixMillis;

pub use batch::{Batch, ENVELOPE_BYTES};

/// A change of a document that is not safe yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentChange {
    /// Its hash.
    pub hash: Hash,
    /// Hashes of the changes it builds on.
    pub deps: Vec<Hash>,
    /// The change chunk.
    pub bytes: Blob,
    /// When it was written.
    pub at: UnixMillis,
}

/// Changes of one document, dependencies first.
#[derive(Debug, Clone, Default)]
struct DocQueue {
    base_heads: BTreeSet<Hash>,
    changes: Vec<UnsentChange>,
    /// When it last went in vain.
    last_try: u32,
    /// How many changes the batch carried that was built last.
    sent: usize,
}

impl DocQueue {
    fn oldest(&self) -> Option<UnixMillis> {
        self.changes.iter().map(|change| change.at).min()
    }

    /// The heads after the first `count` changes.
    fn heads_after(&self, count: usize) -> BTreeSet<Hash> {
        let mut heads = self.base_heads.clone();
        for change in self.changes.iter().take(count) {
            for dep in &change.deps {
                heads.remove(dep);
            }
            heads.insert(change.hash);
        }
        heads
    }
}

#[derive(Debug, Clone)]
struct UnsentIntent {
    id: IntentId,
    bytes: Blob,
}

#[derive(Debug, Clone)]
struct UnsentStatement {
    digest: Hash,
    push: PushStatement,
    /// When it last went in vain.
    last_try: u32,
}

/// Everything of a phone that is not safe at the server and travels in requests.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    docs: BTreeMap<VisitId, DocQueue>,
    /// In the order they were made: a later one may build on an earlier one, and neither ids nor clocks tell.
    intents: Vec<UnsentIntent>,
    /// In the order they were sealed: each names the one before of this device.
    statements: Vec<UnsentStatement>,
}

impl Outbox {
    /// Offers a document: `changes` (dependencies first) are all that the server lacks beyond `base_heads`.
    ///
    /// Replaces what was queued for the document. `base_heads` are heads the server has and this device has applied;
    /// `last_try` is when the document last went in vain, as the number of a request; 0 if the server took something since.
    pub fn offer(&mut self, visit: VisitId, base_heads: &[Hash], changes: Vec<UnsentChange>, last_try: u32) {
        let base_heads = base_heads.iter().copied().collect();
        self.docs.insert(visit, DocQueue { base_heads, changes, last_try, sent: 0 });
    }

    /// Adds an intent; they travel in the order in which they are added.
    pub fn add_intent(&mut self, id: IntentId, bytes: Vec<u8>) {
        if self.intents.iter().all(|queued| queued.id != id) {
            self.intents.push(UnsentIntent { id, bytes: Blob(bytes) });
        }
    }

    /// Adds a sealed statement; those that went in vain with the same request, or never, travel in the order in which
    /// they are added.
    pub fn add_statement(&mut self, push: PushStatement, last_try: u32) {
        let digest = push.digest();
        if self.statements.iter().all(|queued| queued.digest != digest) {
            self.statements.push(UnsentStatement { digest, push, last_try });
        }
    }
}
