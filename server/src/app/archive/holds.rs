//! Legal holds: what is archived of a visit is kept however old it is, until the last of them is lifted.

use doorstep_store::archive::{self, LegalHold, LegalHoldEndRow, LegalHoldRow};
use doorstep_store::{Conn, Txt, presence};
use serde_json::json;
use sync_core::ids::{LegalHoldId, VisitId};

use crate::app::customers::text_fault;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};

/// Longest reason, in characters.
const MAX_REASON: usize = 500;

/// Says that everything of a visit must be kept, and why.
///
/// # Errors
/// `not_found`, `invalid` without a reason.
// Rule: DOC-03
pub async fn place_hold(state: &AppState, ctx: Ctx, visit: VisitId, reason: String) -> AppResult<LegalHold> {
    check(&reason)?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            reach::load_visit(conn, &ctx, visit)?;
            let row = LegalHoldRow {
                org_id: Txt(ctx.actor.org),
                id: Txt(LegalHoldId(app.id())),
                visit_id: Txt(visit),
                reason: reason.trim().to_owned(),
                placed_by: Txt(ctx.actor.user),
                placed_at_ms: ctx.now.0,
            };
            archive::insert_hold(conn, &row)?;
            audit::record(conn, &app, &ctx, "legal_hold.placed", visit, &json!({ "hold": row.id.0 }))?;
            Ok::<_, AppError>((row, None))
        })
        .await
}

/// Says that a legal hold is over, and why.
///
/// # Errors
/// `not_found`, `state_invalid` if it is over already, `invalid` without a reason.
// Rule: DOC-03
pub async fn lift_hold(state: &AppState, ctx: Ctx, id: LegalHoldId, reason: String) -> AppResult<LegalHold> {
    check(&reason)?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let org = ctx.actor.org;
            let (row, _) = archive::find_hold(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
            // Of two who lift it one comes second, and sees it.
            presence::lock_visit(conn, org, row.visit_id.0)?;
            if archive::find_hold(conn, org, id)?.is_some_and(|(_, end)| end.is_some()) {
                let refusal = Refusal::new(ErrorCode::StateInvalid);
                return Err(refusal.detail("The hold is over", "该保全已解除").into());
            }
            let end = LegalHoldEndRow {
                org_id: row.org_id,
                hold_id: row.id,
                reason: reason.trim().to_owned(),
                lifted_by: Txt(ctx.actor.user),
                lifted_at_ms: ctx.now.0,
            };
            archive::insert_hold_end(conn, &end)?;
            audit::record(conn, &app, &ctx, "legal_hold.lifted", row.visit_id.0, &json!({ "hold": id }))?;
            Ok::<_, AppError>((row, Some(end)))
        })
        .await
}

/// The legal holds of a visit, oldest first, those that are over among them.
///
/// # Errors
/// `not_found`.
pub async fn list_holds(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<Vec<LegalHold>> {
    let read = move |conn: &mut Conn| {
        reach::load_visit(conn, &ctx, visit)?;
        Ok::<_, AppError>(archive::list_holds(conn, ctx.actor.org, visit)?)
    };
    state.store.read(read).await
}

fn check(reason: &str) -> AppResult<()> {
    let refusal = Refusal::new(ErrorCode::Invalid);
    match text_fault(reason, MAX_REASON) {
        Some([en, zh]) => Err(refusal.both("reason", en, zh).into()),
        None => Ok(()),
    }
}
