//! Ending a visit from the office: cancelling it, or closing it after approval.

use doorstep_store::packs;
use serde_json::json;
use sync_core::ids::VisitId;
use sync_core::texts::NoticeKind;
use sync_core::time::UnixMillis;

use super::{Visit, load_for_change, require, save, state_of};
use crate::app::customers::is_text;
use crate::app::{AppResult, AppState, Ctx, ErrorCode, Refusal, archive, audit, contacts};
use crate::domain::visit::{may_cancel, may_close};

/// Cancels a visit. Work the crew did meanwhile is kept as late evidence (design section 2.3).
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` once it is handed in, `invalid` without a reason.
pub async fn cancel_visit(
    state: &AppState,
    ctx: Ctx,
    id: VisitId,
    seen_version: i64,
    reason: String,
) -> AppResult<Visit> {
    if !is_text(&reason, 500) {
        return Err(Refusal::new(ErrorCode::Invalid).field("reason", "1 to 500 characters").into());
    }
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let mut row = load_for_change(conn, &ctx, id, seen_version)?;
            let state = state_of(&row)?;
            require(may_cancel(state), state)?;
            row.cancelled_at_ms = Some(ctx.now.0);
            row.cancel_reason = Some(reason.clone());
            audit::record(conn, &app, &ctx, "visit.cancelled", id, &json!({}))?;
            let start = row.planned_start_ms.map(UnixMillis);
            contacts::tell(conn, &app, &ctx, &row, NoticeKind::Cancellation, start)?;
            archive::note_due(conn, row.org_id.0, &[row.id.0], ctx.now)?;
            contacts::end_links(conn, ctx.actor.org, id, ctx.now)?;
            save(conn, &app, &ctx, row)
        })
        .await
}

/// Closes an approved visit.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` unless it is approved.
pub async fn close_visit(state: &AppState, ctx: Ctx, id: VisitId, seen_version: i64) -> AppResult<Visit> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let mut row = load_for_change(conn, &ctx, id, seen_version)?;
            let state = state_of(&row)?;
            require(may_close(state), state)?;
            row.closed_at_ms = Some(ctx.now.0);
            packs::pack_after_end(conn, ctx.actor.org, id)?;
            audit::record(conn, &app, &ctx, "visit.closed", id, &json!({}))?;
            save(conn, &app, &ctx, row)
        })
        .await
}
