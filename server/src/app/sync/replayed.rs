//! Remedy *replay*: the phone wrote its other edits anew, so the refused bytes are settled.

use doorstep_store::feed::FeedBatch;
use doorstep_store::{Conn, quarantine};
use sync_core::doc::genesis::genesis_actor;
use sync_core::ids::VisitId;
use sync_core::quarantine::{Remedy, remedies};

use super::Round;
use super::doc::JudgedDoc;
use crate::app::AppResult;
use crate::app::quarantine::settle;

/// Settles the open items of documents that the device just went on writing under a new actor.
///
/// A device takes a new actor only to write anew; so its first change by one, after bytes were refused, is the replay.
pub(super) fn note_replays(conn: &mut Conn, round: &Round, docs: &[JudgedDoc], batch: &mut FeedBatch) -> AppResult<()> {
    let begins = |doc: &&JudgedDoc| {
        let genesis = genesis_actor(doc.visit);
        doc.refused.is_none() && doc.changes().iter().any(|change| change.seq == 1 && change.actor != genesis)
    };
    let visits: Vec<VisitId> = docs.iter().filter(begins).map(|doc| doc.visit).collect();
    if visits.is_empty() || round.is_from_office {
        return Ok(());
    }
    for item in quarantine::list_open_of_visits(conn, round.ctx.actor.org, round.device.id.0, &visits)? {
        if remedies(&item.kind, &item.code).contains(&Remedy::Replay) {
            settle(conn, round.ctx.actor.org, &item, "replayed", None, round.ctx.now, batch)?;
        }
    }
    Ok(())
}
