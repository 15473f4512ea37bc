//! What a crew's resubmission does to its rework tickets.

use doorstep_store::Conn;
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::reviews::{answer_rework, list_reworks};
use sync_core::ids::{OrgId, VisitId};
use sync_core::plan::ReworkRow;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use super::verdict::to_json;
use crate::app::rows::read;
use crate::app::visits::Reprojection;
use crate::app::{AppResult, scope};

/// Marks the open tickets of a visit answered once its state says that the crew resubmitted.
///
/// Call it after every projection of a push; without open tickets it reads one index.
///
/// # Errors
/// Corrupt rows.
pub fn on_resubmission(
    conn: &mut Conn,
    batch: &mut FeedBatch,
    org: OrgId,
    visit: VisitId,
    projected: &Reprojection,
    now: UnixMillis,
) -> AppResult<()> {
    if !matches!(projected.state, VisitState::UnderReview | VisitState::Approved | VisitState::Closed) {
        return Ok(());
    }
    for stored in list_reworks(conn, org, visit)?.iter().filter(|ticket| ticket.answered_at_ms.is_none()) {
        let mut row: ReworkRow = read("reworks", stored.id, &stored.body)?;
        row.answered_at_ms = Some(now);
        answer_rework(conn, stored, &to_json(&row)?, now.0)?;
        scope::touch(conn, batch, org, FeedKind::Rework, &stored.id.to_string())?;
    }
    Ok(())
}
