//! The outbox: what a phone has that no held receipt names yet.
//!
//! Pure bookkeeping over items the phone's store keeps; rebuilt from it at every start. **An item leaves
//! only when a verified held receipt names it**: acks alone never free anything, they only say what to do
//! next. Knows nothing of Automerge: changes are hashes, dependencies and bytes.

mod batch;

use std::collections::{BTreeMap, BTreeSet};

use super::message::{Ack, AckItem, Outcome, PushStatement, SyncResponse};
use crate::bytes::{Blob, Hash};
use crate::ids::{BatchId, EpochId, IntentId, VisitId};
use crate::receipt::VerifiedHeld;
use crate::time::UnixMillis;

pub use batch::Batch;

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

/// Why a document waits for the phone instead of being sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// The server lacks these changes: offer the document again from there.
    NeedFull {
        /// Hashes the server does not know.
        missing: Vec<Hash>,
    },
    /// Write the edits anew under a new actor, without the change `hash`.
    NeedReplay {
        /// The offending change.
        hash: Option<Hash>,
        /// Stable code.
        code: Option<String>,
    },
    /// The server does not know the document and no stored intent creates it.
    NotFound,
}

/// What a phone must do or show after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxEvent {
    /// The server's data is another one: offer everything since the last held receipt of this epoch.
    EpochChanged {
        /// The new epoch.
        epoch: EpochId,
    },
    /// A document waits until [`Outbox::offer`] is called for it.
    Held {
        /// The document.
        visit: VisitId,
        /// Why.
        hold: Hold,
    },
    /// The item is durable as late evidence.
    Late {
        /// The item.
        item: AckItem,
        /// Stable code.
        code: Option<String>,
    },
    /// The item is kept in quarantine.
    Quarantined {
        /// The item.
        item: AckItem,
        /// Stable code.
        code: Option<String>,
    },
    /// A verified held receipt names the item; nothing of it is outstanding.
    Safe {
        /// The item.
        item: AckItem,
    },
    /// A verified held receipt names the blob; its bytes may be freed.
    BlobSafe {
        /// The blob.
        blob: Hash,
    },
}

/// Changes of one document, dependencies first.
#[derive(Debug, Clone, Default)]
struct DocQueue {
    base_heads: BTreeSet<Hash>,
    changes: Vec<UnsentChange>,
    /// How many changes the batch carried that was sent last.
    sent: Option<(BatchId, usize)>,
    hold: Option<Hold>,
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

    /// Forgets changes that are durable and counts them to the base.
    fn forget(&mut self, safe: &BTreeSet<Hash>) {
        if self.changes.iter().all(|change| !safe.contains(&change.hash)) {
            return;
        }
        let (durable, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.changes).into_iter().partition(|change| safe.contains(&change.hash));
        self.changes = durable;
        self.base_heads = self.heads_after(self.changes.len());
        self.changes = left;
        self.sent = None;
    }
}

#[derive(Debug, Clone)]
struct UnsentIntent {
    id: IntentId,
    bytes: Blob,
    at: UnixMillis,
}

#[derive(Debug, Clone)]
struct UnsentStatement {
    digest: Hash,
    push: PushStatement,
    at: UnixMillis,
}

/// Everything of a phone that is not safe at the server.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    docs: BTreeMap<VisitId, DocQueue>,
    /// In the order they were made: a later one may build on an earlier one, and neither ids nor clocks tell.
    intents: Vec<UnsentIntent>,
    /// In the order they were sealed: each names the one before of this device.
    statements: Vec<UnsentStatement>,
    blobs: BTreeMap<Hash, UnixMillis>,
}

impl Outbox {
    /// Offers a document: `changes` (dependencies first) are all that the server lacks beyond `base_heads`.
    ///
    /// Replaces what was queued for the document and ends a hold. `base_heads` are heads the server has
    /// and this device has applied.
    pub fn offer(&mut self, visit: VisitId, base_heads: &[Hash], changes: Vec<UnsentChange>) {
        let base_heads = base_heads.iter().copied().collect();
        self.docs.insert(visit, DocQueue { base_heads, changes, sent: None, hold: None });
    }

    /// Adds a change that was just written; one that is queued already is left alone.
    pub fn add_change(&mut self, visit: VisitId, change: UnsentChange) {
        let queue = self.docs.entry(visit).or_default();
        if queue.changes.iter().all(|queued| queued.hash != change.hash) {
            queue.changes.push(change);
        }
    }

    /// Notes the server's heads after an update was applied.
    pub fn set_base_heads(&mut self, visit: VisitId, base_heads: &[Hash]) {
        if let Some(queue) = self.docs.get_mut(&visit) {
            queue.base_heads = base_heads.iter().copied().collect();
        }
    }

    /// Adds an intent; they travel in the order in which they are added.
    pub fn add_intent(&mut self, id: IntentId, bytes: Vec<u8>, at: UnixMillis) {
        if self.intents.iter().all(|queued| queued.id != id) {
            self.intents.push(UnsentIntent { id, bytes: Blob(bytes), at });
        }
    }

    /// Adds a sealed statement and returns its digest; they travel in the order in which they are added.
    pub fn add_statement(&mut self, push: PushStatement, at: UnixMillis) -> Hash {
        let digest = push.digest();
        if self.statements.iter().all(|queued| queued.digest != digest) {
            self.statements.push(UnsentStatement { digest, push, at });
        }
        digest
    }

    /// Adds a blob that travels by upload.
    pub fn add_blob(&mut self, blob: Hash, at: UnixMillis) {
        self.blobs.entry(blob).or_insert(at);
    }

    /// Number of items outstanding: changes, intents, statements and blobs.
    #[must_use]
    pub fn unsent(&self) -> usize {
        let changes: usize = self.docs.values().map(|queue| queue.changes.len()).sum();
        changes + self.intents.len() + self.statements.len() + self.blobs.len()
    }

    /// When the oldest outstanding item was made.
    #[must_use]
    pub fn oldest_unsent_at(&self) -> Option<UnixMillis> {
        let changes = self.docs.values().filter_map(DocQueue::oldest);
        let intents = self.intents.iter().map(|intent| intent.at);
        let statements = self.statements.iter().map(|statement| statement.at);
        changes.chain(intents).chain(statements).chain(self.blobs.values().copied()).min()
    }

    /// Number of changes outstanding for a document.
    #[must_use]
    pub fn unsent_changes(&self, visit: &VisitId) -> usize {
        self.docs.get(visit).map_or(0, |queue| queue.changes.len())
    }

    /// The blobs outstanding, oldest first.
    #[must_use]
    pub fn unsent_blobs(&self) -> Vec<Hash> {
        let mut blobs: Vec<_> = self.blobs.iter().map(|(blob, at)| (*at, *blob)).collect();
        blobs.sort();
        blobs.into_iter().map(|(_, blob)| blob).collect()
    }

    /// The documents that wait for [`Self::offer`].
    pub fn held(&self) -> impl Iterator<Item = (&VisitId, &Hold)> {
        self.docs.iter().filter_map(|(visit, queue)| queue.hold.as_ref().map(|hold| (visit, hold)))
    }

    /// Applies an answer: first its acks, then the receipts of it that were verified.
    ///
    /// `deps_of` tells the dependencies of a change in the phone's own document, so that a receipt whose
    /// heads are another author's changes covers ours below them.
    ///
    /// # Concurrency
    /// Idempotent: the same answer again changes nothing more.
    pub fn apply_response(
        &mut self,
        known_epoch: Option<EpochId>,
        response: &SyncResponse,
        receipts: &[VerifiedHeld],
        deps_of: &dyn Fn(&VisitId, &Hash) -> Option<Vec<Hash>>,
    ) -> Vec<OutboxEvent> {
        let mut events = Vec::new();
        if known_epoch.is_some_and(|known| known != response.epoch) {
            events.push(OutboxEvent::EpochChanged { epoch: response.epoch });
        }
        for ack in &response.acks {
            events.extend(self.apply_ack(ack));
        }
        // A receipt of other data says nothing about what this server holds.
        for receipt in receipts.iter().filter(|receipt| receipt.receipt().epoch == response.epoch) {
            events.extend(self.apply_receipt(receipt, deps_of));
        }
        events
    }

    fn apply_ack(&mut self, ack: &Ack) -> Option<OutboxEvent> {
        let hold = match ack.outcome {
            Outcome::Stored | Outcome::Duplicate => return None,
            Outcome::Late => return Some(OutboxEvent::Late { item: ack.item, code: ack.code.clone() }),
            Outcome::Quarantined => return Some(OutboxEvent::Quarantined { item: ack.item, code: ack.code.clone() }),
            Outcome::NeedFull => Hold::NeedFull { missing: ack.missing.clone() },
            Outcome::NeedReplay => Hold::NeedReplay { hash: ack.hash, code: ack.code.clone() },
            Outcome::NotFound => Hold::NotFound,
        };
        let AckItem::Doc(visit) = ack.item else { return None };
        let queue = self.docs.get_mut(&visit).filter(|queue| !queue.changes.is_empty())?;
        queue.hold = Some(hold.clone());
        Some(OutboxEvent::Held { visit, hold })
    }

    /// Removes everything a verified held receipt names.
    pub fn apply_receipt(
        &mut self,
        receipt: &VerifiedHeld,
        deps_of: &dyn Fn(&VisitId, &Hash) -> Option<Vec<Hash>>,
    ) -> Vec<OutboxEvent> {
        let receipt = receipt.receipt();
        let mut events = Vec::new();
        let named = |name: &str| receipt.quarantine_code(name).is_some();
        for (visit, queue) in self.docs.iter_mut().filter(|(_, queue)| !queue.changes.is_empty()) {
            let mut safe =
                receipt.heads_of(visit).map(|heads| ancestry(visit, queue, heads, deps_of)).unwrap_or_default();
            if let Some((_, count)) = queue.sent.filter(|(batch, _)| receipt.batch_id == Some(*batch)) {
                safe.extend(quarantined(queue, count, named(&visit.to_string()), &named));
            }
            queue.forget(&safe);
            if queue.changes.is_empty() {
                events.push(OutboxEvent::Safe { item: AckItem::Doc(*visit) });
            }
        }
        self.docs.retain(|_, queue| !queue.changes.is_empty());
        self.intents.retain(|intent| {
            let digest = Hash::of(&intent.bytes.0).to_string();
            let safe = receipt.names_intent(&intent.id) || named(&intent.id.to_string()) || named(&digest);
            events.extend(safe.then_some(OutboxEvent::Safe { item: AckItem::Intent(intent.id) }));
            !safe
        });
        self.statements.retain(|UnsentStatement { digest, .. }| {
            let safe = receipt.names_statement(digest) || named(&digest.to_string());
            events.extend(safe.then_some(OutboxEvent::Safe { item: AckItem::Statement(*digest) }));
            !safe
        });
        self.blobs.retain(|blob, _| {
            let safe = receipt.names_blob(blob);
            events.extend(safe.then_some(OutboxEvent::BlobSafe { blob: *blob }));
            !safe
        });
        events
    }
}

/// The changes of the batch that lie in quarantine: those a receipt names by hash, and what was sent with them and
/// rests on them; all of the batch if the receipt names the document.
fn quarantined(queue: &DocQueue, sent: usize, is_whole: bool, named: &dyn Fn(&str) -> bool) -> BTreeSet<Hash> {
    let mut refused = BTreeSet::new();
    // Dependencies come first, so one pass finds all that rests on a refused change.
    for change in queue.changes.iter().take(sent) {
        let rests_on_refused = change.deps.iter().any(|dep| refused.contains(dep));
        if is_whole || rests_on_refused || named(&change.hash.to_string()) {
            refused.insert(change.hash);
        }
    }
    refused
}

/// Every change at or below the heads, as far as the queue and the phone's document know.
fn ancestry(
    visit: &VisitId,
    queue: &DocQueue,
    heads: &[Hash],
    deps_of: &dyn Fn(&VisitId, &Hash) -> Option<Vec<Hash>>,
) -> BTreeSet<Hash> {
    let queued: BTreeMap<_, _> = queue.changes.iter().map(|change| (change.hash, &change.deps)).collect();
    let mut seen = BTreeSet::new();
    let mut open = heads.to_vec();
    while let Some(hash) = open.pop() {
        if seen.insert(hash) {
            match queued.get(&hash) {
                Some(deps) => open.extend(deps.iter()),
                None => open.extend(deps_of(visit, &hash).unwrap_or_default()),
            }
        }
    }
    seen
}
