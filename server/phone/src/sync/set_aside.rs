//! What was set aside and no server is known to keep goes again, as after a restore: in requests of its own, which take
//! turns with those of everything else.
//!
//! Of a visit one change goes at a time, for what is refused together gets one name; and what was tried least goes
//! first, so that one that is not taken keeps back no other.

use std::collections::BTreeSet;

use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::ids::VisitId;
use sync_core::protocol::outbox::{Batch, ENVELOPE_BYTES};
use sync_core::protocol::{AckItem, ProtocolLimits, PushDoc, SyncRequest};

use super::documents::{claims_of, writers_named};
use crate::error::PhoneResult;
use crate::store::Tx;
use crate::store::model::SetAside;
use crate::store::tx::META;

/// Bytes of a document for everything but its change.
const AROUND: usize = 256;

/// Set while the next request is one for what was set aside, if anything waits.
const TURN: &str = "set_aside_turn";

/// Changes set aside that are to go, in their order.
#[derive(Debug, Default)]
pub(super) struct Waiting(Vec<PushDoc>);

impl Waiting {
    /// Reads the store.
    pub(super) fn of(tx: &Tx) -> PhoneResult<Self> {
        let mut unsent: Vec<_> = tx.set_aside()?.into_iter().filter(|(_, item)| item.is_unsent).collect();
        unsent.sort_by_key(|(_, item)| (item.tries, item.change.at_ms));
        let mut pushes = Vec::new();
        for (_, item) in unsent {
            let (Ok(visit), Some(chunk)) = (item.visit.parse(), item.chunk) else { continue };
            let (heads, chunks) = (vec![item.change.hash], vec![chunk]);
            // The document may be gone from here; only of what this phone wrote are the edits known.
            let is_own = !item.change.edits.is_empty();
            let actors = named(tx, visit, &chunks, is_own)?;
            pushes.push(PushDoc { heads, chunks, actors, ..PushDoc::asking(visit) });
        }
        Ok(Self(pushes))
    }

    /// Takes what goes into a request of at most `bytes`, before compression.
    pub(super) fn next_batch(&mut self, bytes: usize) -> Batch {
        let (mut batch, mut used, mut visits) = (Batch::default(), 0, BTreeSet::new());
        let whole = bytes.saturating_sub(ENVELOPE_BYTES);
        self.0.retain(|push| {
            let size = AROUND + push.chunks.iter().map(|chunk| chunk.0.len()).sum::<usize>();
            if size > whole {
                batch.too_large.push(AckItem::Doc(push.id));
                return true;
            }
            let is_next = batch.docs.len() < ProtocolLimits::DEFAULT.docs && used + size <= whole;
            if !is_next || !visits.insert(push.id) {
                return true;
            }
            used += size;
            batch.docs.push(push.clone());
            false
        });
        batch
    }
}

/// The writers of a change set aside that this install names as its own.
fn named(tx: &Tx, visit: VisitId, chunks: &[Blob], is_own: bool) -> PhoneResult<Option<Vec<Actor>>> {
    if !is_own {
        return writers_named(tx, visit, chunks);
    }
    Ok(Some(claims_of(tx, visit, chunks)?.into_iter().map(|claim| claim.writer).collect()))
}

/// Whether what was set aside goes next, where anything else waits too.
pub(super) fn is_next(tx: &Tx) -> PhoneResult<bool> {
    Ok(tx.meta::<bool>(TURN)?.unwrap_or(false))
}

/// What was set aside goes next, after a request that brings everything else.
pub(super) fn give_turn(tx: &Tx) -> PhoneResult<()> {
    tx.set_meta(TURN, &true)
}

/// Notes that a request was answered: what it brought and what is unsent all the same was tried.
pub(super) fn note_answered(tx: &Tx, request: &SyncRequest) -> PhoneResult<()> {
    let sent: BTreeSet<Hash> = request.pushed().flat_map(|push| push.heads.iter().copied()).collect();
    let unsent = tx.set_aside()?.into_iter().filter(|(_, item)| item.is_unsent);
    for (_, item) in unsent.filter(|(_, item)| sent.contains(&item.change.hash)) {
        tx.add_set_aside(&SetAside { tries: item.tries.saturating_add(1), ..item })?;
    }
    Ok(())
}

/// What was set aside goes after everything else that waits: it may build on it.
pub(super) fn end_turn(tx: &Tx) -> PhoneResult<()> {
    tx.remove(META, TURN)
}
