//! After a restore: what a phone spoke of that the server has lost and nobody brought back yet.

use doorstep_store::Txt;
use doorstep_store::restores::{GapRow, note_gaps};
use sync_core::bytes::Hash;
use sync_core::protocol::{AckItem, Outcome};

use super::{Pushed, Round};
use crate::app::{AppError, AppResult, AppState};

/// Most gaps that are noted of what one device speaks of: it may name what never was.
///
/// # Source
/// As many as it may have items in quarantine.
const MOST: i64 = 10_000;

/// Notes the gaps a round has shown. Where the data were never restored, there are none to be noted.
pub(super) async fn note(state: &AppState, round: &Round, pushed: Option<&Pushed>, held: &[Hash]) -> AppResult<()> {
    if state.restored_at.is_none() {
        return Ok(());
    }
    let rows = shown(round, pushed, held);
    if rows.is_empty() {
        return Ok(());
    }
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    state.store.write(move |conn| Ok::<_, AppError>(note_gaps(conn, org, device, &rows, MOST)?)).await
}

fn shown(round: &Round, pushed: Option<&Pushed>, held: &[Hash]) -> Vec<GapRow> {
    let gap = |kind: &str, visit_id: String, item: String| GapRow {
        org_id: Txt(round.ctx.actor.org),
        kind: kind.to_owned(),
        visit_id,
        item,
        device_id: round.device.id,
        noted_at_ms: round.ctx.now.0,
    };
    let mut rows = Vec::new();
    for ack in pushed.iter().flat_map(|pushed| &pushed.docs) {
        let AckItem::Doc(visit) = ack.item else { continue };
        if ack.outcome == Outcome::NotFound {
            rows.push(gap("visit", visit.to_string(), String::new()));
        }
        rows.extend(ack.missing.iter().map(|hash| gap("change", visit.to_string(), hash.to_string())));
    }
    let lost = round.request.blobs.iter().filter(|blob| !held.contains(blob));
    rows.extend(lost.map(|blob| gap("blob", String::new(), blob.to_string())));
    rows
}
