//! Chooses what goes into the next batch.
//!
//! Oldest first, so that what has waited longest becomes safe first: intents as they were made (a `create_visit` must
//! come after its customer and not after its document), then documents, then statements as they were sealed. What went in
//! vain before comes last, what was tried longest ago first, so that it keeps back nothing. A document is split between
//! changes.

use std::collections::BTreeSet;

use super::{DocQueue, Outbox};
use crate::bytes::{Blob, Hash};
use crate::ids::VisitId;
use crate::protocol::codec::Encoding;
use crate::protocol::limits::ProtocolLimits;
use crate::protocol::message::{AckItem, PushDoc, PushStatement};

/// Bytes kept free for everything of a request but its items: ids, cursor (1 KiB), device state, seal.
pub const ENVELOPE_BYTES: usize = 3 * 1024;

/// Bytes of one document or statement beside hashes and chunks: keys, id, heads of arrays, and the one or two actors of
/// its writer.
const ITEM: usize = 224;

/// The items of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Documents with changes.
    pub docs: Vec<PushDoc>,
    /// Intents.
    pub intents: Vec<Blob>,
    /// Statements.
    pub statements: Vec<PushStatement>,
    /// Whether more waits for the next batch.
    pub more: bool,
    /// Items that fit no batch; a person must look at them, they stay in the outbox.
    pub too_large: Vec<AckItem>,
}

impl Batch {
    /// Whether the batch carries nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.docs.is_empty() && self.intents.is_empty() && self.statements.is_empty()
    }
}

/// An upper bound of the size of a byte string.
const fn bytes_size(len: usize, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Cbor => len + 9,
        Encoding::Json => len.div_ceil(3) * 4 + 3,
    }
}

/// An upper bound of the size of a hash.
const fn hash_size(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Cbor => 34,
        Encoding::Json => 67,
    }
}

/// What is left of a batch, and what a whole one holds.
struct Room {
    left: usize,
    whole: usize,
    encoding: Encoding,
}

/// Whether an item goes into the batch.
enum Fit {
    Now,
    Later,
    Never,
}

impl Room {
    fn take(&mut self, size: usize) -> Fit {
        if size > self.whole {
            return Fit::Never;
        }
        match self.left.checked_sub(size) {
            Some(left) => {
                self.left = left;
                Fit::Now
            }
            None => Fit::Later,
        }
    }
}

impl Outbox {
    /// Builds the next batch of at most `max_bytes` when encoded, and of at most the limits' counts.
    ///
    /// The same batch comes again until [`Outbox::pass`].
    ///
    /// # Units
    /// `max_bytes` are bytes of the encoded request before compression; the limits' ceiling applies.
    pub fn next_batch(&mut self, max_bytes: usize, limits: &ProtocolLimits, encoding: Encoding) -> Batch {
        let whole = max_bytes.min(limits.encoded_bytes).saturating_sub(ENVELOPE_BYTES);
        let mut room = Room { left: whole, whole, encoding };
        let mut batch = Batch::default();
        self.fill_intents(&mut batch, &mut room, limits);
        if batch.more {
            // A document must not travel ahead of the intent that creates its visit.
            return batch;
        }
        self.docs.values_mut().for_each(|queue| queue.sent = 0);
        for last_try in self.last_tries() {
            self.fill_docs(&mut batch, &mut room, limits, last_try);
            self.fill_statements(&mut batch, &mut room, limits, last_try);
        }
        batch
    }

    /// Counts the items of the batch built last as taken, so that the one after it can be built before any answer.
    ///
    /// For work that leaves the phone in one piece.
    pub fn pass(&mut self, batch: &Batch) {
        for push in &batch.docs {
            let Some(queue) = self.docs.get_mut(&push.id) else { continue };
            let count = std::mem::take(&mut queue.sent);
            queue.base_heads = queue.heads_after(count);
            queue.changes.drain(..count.min(queue.changes.len()));
        }
        let intents: BTreeSet<&Blob> = batch.intents.iter().collect();
        self.intents.retain(|intent| !intents.contains(&intent.bytes));
        let statements: BTreeSet<Hash> = batch.statements.iter().map(PushStatement::digest).collect();
        self.statements.retain(|statement| !statements.contains(&statement.digest));
    }

    fn fill_intents(&self, batch: &mut Batch, room: &mut Room, limits: &ProtocolLimits) {
        for intent in &self.intents {
            if batch.intents.len() >= limits.intents {
                batch.more = true;
                return;
            }
            match room.take(bytes_size(intent.bytes.0.len(), room.encoding)) {
                Fit::Now => batch.intents.push(intent.bytes.clone()),
                Fit::Later => {
                    // A smaller one must not overtake it.
                    batch.more = true;
                    return;
                }
                Fit::Never => batch.too_large.push(AckItem::Intent(intent.id)),
            }
        }
    }

    /// When documents and statements last went in vain, each number once.
    fn last_tries(&self) -> BTreeSet<u32> {
        let docs = self.docs.values().map(|queue| queue.last_try);
        docs.chain(self.statements.iter().map(|statement| statement.last_try)).collect()
    }

    fn fill_docs(&mut self, batch: &mut Batch, room: &mut Room, limits: &ProtocolLimits, last_try: u32) {
        let ready = self.docs.iter_mut().filter(|(_, queue)| !queue.changes.is_empty() && queue.last_try == last_try);
        let mut ready: Vec<_> = ready.collect();
        ready.sort_by_key(|(visit, queue)| (queue.oldest(), **visit));
        let mut changes_left = limits.changes.saturating_sub(batch.docs.iter().map(|push| push.chunks.len()).sum());
        for (visit, queue) in ready {
            if batch.docs.len() >= limits.docs || changes_left == 0 {
                batch.more = true;
                return;
            }
            match fit_doc(queue, room, changes_left) {
                Ok(0) => batch.more = true,
                Ok(count) => {
                    changes_left = changes_left.saturating_sub(count);
                    batch.more |= count < queue.changes.len();
                    queue.sent = count;
                    batch.docs.push(push_doc(*visit, queue, count));
                }
                Err(NeverFits) => batch.too_large.push(AckItem::Doc(*visit)),
            }
        }
    }

    fn fill_statements(&self, batch: &mut Batch, room: &mut Room, limits: &ProtocolLimits, last_try: u32) {
        for statement in self.statements.iter().filter(|statement| statement.last_try == last_try) {
            if batch.statements.len() >= limits.statements {
                batch.more = true;
                return;
            }
            let push = &statement.push;
            match room.take(ITEM + bytes_size(push.body.0.len(), room.encoding) + push.seal.len()) {
                Fit::Now => batch.statements.push(push.clone()),
                Fit::Later => {
                    // A smaller one must not overtake it.
                    batch.more = true;
                    return;
                }
                Fit::Never => batch.too_large.push(AckItem::Statement(statement.digest)),
            }
        }
    }
}

/// The first change of a document is larger than a whole batch.
struct NeverFits;

/// Takes room for as many changes of a document as fit and returns their number.
fn fit_doc(queue: &DocQueue, room: &mut Room, most: usize) -> Result<usize, NeverFits> {
    // Each change adds at most one head.
    let hash = hash_size(room.encoding);
    let mut overhead = ITEM + 2 * queue.base_heads.len() * hash;
    let mut count = 0;
    for change in queue.changes.iter().take(most) {
        match room.take(overhead + hash + bytes_size(change.bytes.0.len(), room.encoding)) {
            Fit::Now => count += 1,
            Fit::Never if count == 0 => return Err(NeverFits),
            Fit::Later | Fit::Never => break,
        }
        overhead = 0;
    }
    Ok(count)
}

fn push_doc(id: VisitId, queue: &DocQueue, count: usize) -> PushDoc {
    let sorted = |heads: &std::collections::BTreeSet<Hash>| heads.iter().copied().collect();
    PushDoc {
        base_heads: sorted(&queue.base_heads),
        heads: sorted(&queue.heads_after(count)),
        chunks: queue.changes.iter().take(count).map(|change| change.bytes.clone()).collect(),
        ..PushDoc::asking(id)
    }
}
