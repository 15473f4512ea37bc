//! Remedy *replay*: the phone wrote its other edits anew, so the refused bytes are settled.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::evidence::find_quarantined;
use doorstep_store::feed::FeedBatch;
use doorstep_store::quarantine::{self, QuarantineItem};
use doorstep_store::{Conn, StoreError};
use sync_core::bytes::Hash;
use sync_core::guard;
use sync_core::ids::VisitId;
use sync_core::quarantine::{Remedy, remedies};

use super::Round;
use super::doc::JudgedDoc;
use crate::app::AppResult;
use crate::app::quarantine::settle;

/// Code of what a phone wrote anew after the office had made use of the same item: it would be here twice.
pub(super) const SETTLED_MEANWHILE: &str = "settled_meanwhile";

/// Whether the office made use of one of the items that a push for a visit writes anew, and the phone was not told.
///
/// It was told by an item with [`SETTLED_MEANWHILE`], which it names beside the others from then on.
pub(super) fn is_too_late(conn: &mut Conn, round: &Round, visit: VisitId, named: &[Hash]) -> AppResult<bool> {
    if named.is_empty() {
        return Ok(false);
    }
    let items = quarantine::list_of_visit(conn, round.ctx.actor.org, round.device.id.0, visit, named)?;
    let told = items.iter().filter(|item| item.code == SETTLED_MEANWHILE).map(|item| item.received_at_ms).max();
    let mut used = items.iter().filter(|item| matches!(item.state.as_str(), "redriven" | "salvaged"));
    Ok(used.any(|item| told.is_none_or(|told| item.settled_at_ms.is_none_or(|settled| settled > told))))
}

/// Settles the items not made use of that a document, which the server takes, says it writes anew, and those that hold nothing else:
/// of a push whose answer was lost the phone names only what it became once there was more behind it.
///
/// What the push does not name stays open: another copy of the store may go on writing under an actor of its own while
/// the refused edits are still on the first.
pub(super) fn note_replays(conn: &mut Conn, round: &Round, docs: &[JudgedDoc], batch: &mut FeedBatch) -> AppResult<()> {
    let named = docs.iter().map(|doc| (doc.visit, doc.replays())).filter(|(_, hashes)| !hashes.is_empty());
    let visits: BTreeMap<VisitId, &[Hash]> = named.collect();
    if visits.is_empty() {
        return Ok(());
    }
    for doc in docs.iter().filter(|doc| doc.view().is_some()) {
        if is_too_late(conn, round, doc.visit, doc.replays())? {
            // Since it was judged. Its visit is locked by now, so that nobody comes between once more.
            return Err(StoreError::Stale.into());
        }
    }
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    let mut open = quarantine::list_unused_of_visits(conn, org, device, &Vec::from_iter(visits.keys().copied()))?;
    open.retain(|item| remedies(&item.kind, &item.code).contains(&Remedy::Replay));
    for (visit, named) in visits {
        let is_named = |item: &QuarantineItem| named.iter().any(|hash| hash.to_string() == item.id);
        let of_visit = open.iter().filter(|item| item.visit_id.is_some_and(|id| id.0 == visit));
        let (mut anew, others): (Vec<_>, Vec<_>) = of_visit.partition(|item| is_named(item));
        let mut written = BTreeSet::new();
        for item in &anew {
            written.extend(chunks_of(conn, round, item)?.unwrap_or_default());
        }
        // What is larger holds something else, too; bytes are read where they may be what was written anew.
        let size: i64 = anew.iter().map(|item| item.size).sum();
        for item in others.into_iter().filter(|item| (1..=size).contains(&item.size)) {
            if chunks_of(conn, round, item)?.is_some_and(|chunks| chunks.is_subset(&written)) {
                anew.push(item);
            }
        }
        for item in anew {
            settle(conn, org, item, "replayed", None, round.ctx.now, batch)?;
        }
    }
    Ok(())
}

/// The hashes of the chunks of an item, to the byte; `None` if it holds something else, too.
fn chunks_of(conn: &mut Conn, round: &Round, item: &QuarantineItem) -> AppResult<Option<BTreeSet<Hash>>> {
    let bytes = find_quarantined(conn, round.ctx.actor.org, &item.id, item.device_id.0)?.ok_or(StoreError::Stale)?;
    let chunks = guard::split_chunks(&bytes);
    Ok(chunks.map(|chunks| chunks.iter().map(|chunk| Hash::of(chunk)).collect()))
}
