//! Remedy *replay*: the phone wrote its other edits anew, so the refused bytes are settled.

use std::collections::BTreeMap;

use doorstep_store::feed::FeedBatch;
use doorstep_store::{Conn, quarantine};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use sync_core::quarantine::{Remedy, remedies};

use super::Round;
use super::doc::JudgedDoc;
use crate::app::AppResult;
use crate::app::quarantine::settle;

/// Settles the open items that a document, which the server takes, says it writes anew.
///
/// Only what the push names is settled: another copy of the store may go on writing under an actor of its own while
/// the refused edits are still on the first.
pub(super) fn note_replays(conn: &mut Conn, round: &Round, docs: &[JudgedDoc], batch: &mut FeedBatch) -> AppResult<()> {
    let named = docs.iter().map(|doc| (doc.visit, doc.replays())).filter(|(_, hashes)| !hashes.is_empty());
    let visits: BTreeMap<VisitId, &[Hash]> = named.collect();
    if visits.is_empty() {
        return Ok(());
    }
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    for item in quarantine::list_open_of_visits(conn, org, device, &Vec::from_iter(visits.keys().copied()))? {
        let named = item.visit_id.and_then(|visit| visits.get(&visit.0)).copied().unwrap_or_default();
        let is_replayed = named.iter().any(|hash| hash.to_string() == item.id);
        if is_replayed && remedies(&item.kind, &item.code).contains(&Remedy::Replay) {
            settle(conn, org, &item, "replayed", None, round.ctx.now, batch)?;
        }
    }
    Ok(())
}
