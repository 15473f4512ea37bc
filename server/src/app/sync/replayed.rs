//! Remedy *replay*: the phone wrote its other edits anew, so the refused bytes are settled.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::evidence::{find_quarantined, list_replays};
use doorstep_store::feed::FeedBatch;
use doorstep_store::quarantine::{self, QuarantineItem};
use doorstep_store::{Conn, StoreError};
use sync_core::bytes::Hash;
use sync_core::guard;
use sync_core::ids::VisitId;
use sync_core::quarantine::{Remedy, SETTLED_MEANWHILE, is_used, remedies};

use super::Round;
use super::doc::JudgedDoc;
use crate::app::AppResult;
use crate::app::quarantine::settle;

/// The items among those that a push for a visit writes anew of which the office made use and the phone was not told.
///
/// It was told by an item with [`SETTLED_MEANWHILE`], which names them ([`told_of`]) and which the phone names beside the
/// others from then on. No clock takes part: nodes have several, and theirs may be set.
pub(super) fn used_untold(
    conn: &mut Conn,
    round: &Round,
    visit: VisitId,
    named: &[Hash],
) -> AppResult<BTreeSet<String>> {
    let mut used = BTreeSet::new();
    if named.is_empty() {
        return Ok(used);
    }
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    let items = quarantine::list_of_visit(conn, org, device, visit, named)?;
    used.extend(items.iter().filter(|item| is_used(&item.state)).map(|item| item.id.clone()));
    for told in items.iter().filter(|item| item.code == SETTLED_MEANWHILE) {
        if used.is_empty() {
            break;
        }
        for item in list_replays(conn, org, &told.id, device)? {
            used.remove(&item.to_string());
        }
    }
    Ok(used)
}

/// What an item with [`SETTLED_MEANWHILE`] tells a phone of; of those that still wait nothing is told.
pub(super) fn told_of(used: &BTreeSet<String>) -> Vec<Hash> {
    used.iter().filter_map(|item| item.parse().ok()).collect()
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
        if !used_untold(conn, round, doc.visit, doc.replays())?.is_empty() {
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
