//! Orders that the office does not accept: answered with a reason and what the customer can do instead.

use doorstep_store::order_refusals::{OrderRefusalRow, insert_order_refusal, list_order_refusals};
use doorstep_store::visits::list_visits_of;
use doorstep_store::work_orders::{WorkOrderRecord, find_locked, update_version};
use doorstep_store::{Conn, StoreError, Txt};
use serde_json::json;
use sync_core::ids::WorkOrderId;
use sync_core::visit::VisitState;

use super::{WorkOrder, require_not_held};
use crate::app::customers::is_text;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, deadlines};

/// Why an order is not accepted.
pub const REFUSAL_REASONS: [&str; 6] =
    ["out_of_area", "not_our_service", "duplicate_request", "missing_data", "no_resource", "other"];

/// What is answered to an order that is not accepted.
#[derive(Debug, Clone)]
pub struct NewRefusal {
    /// One of [`REFUSAL_REASONS`].
    pub reason_code: String,
    /// Why, in words for the customer.
    pub reason: String,
    /// What the customer can do instead.
    pub suggestion: String,
}

/// Refuses an order of which no visit is planned or done.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` if it is refused or has a visit that was not cancelled, `order_on_hold`,
/// `invalid` naming the field.
// Rule: APT-10
pub async fn refuse_work_order(
    state: &AppState,
    ctx: Ctx,
    id: WorkOrderId,
    seen_version: i64,
    new: NewRefusal,
) -> AppResult<WorkOrder> {
    check(&new)?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let org = ctx.actor.org;
            let known = find_locked(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
            if known.version != seen_version {
                return Err(StoreError::Stale.into());
            }
            require_open(conn, &known)?;
            require_not_held(conn, org, id)?;
            let visits = list_visits_of(conn, org, id)?;
            if visits.iter().any(|visit| visit.state != VisitState::Cancelled.code()) {
                return Err(ErrorCode::StateInvalid.into());
            }
            let row = WorkOrderRecord { version: known.version + 1, ..known };
            update_version(conn, &row)?;
            let refusal = OrderRefusalRow {
                org_id: row.org_id,
                work_order_id: row.id,
                reason_code: new.reason_code.clone(),
                reason: new.reason.trim().to_owned(),
                suggestion: new.suggestion.trim().to_owned(),
                refused_by: Txt(ctx.actor.user),
                refused_at_ms: ctx.now.0,
            };
            insert_order_refusal(conn, &refusal)?;
            deadlines::end_for_order(conn, org, id, ctx.now)?;
            audit::record(conn, &app, &ctx, "work_order.refused", id, &json!({ "reason_code": new.reason_code }))?;
            let fields = crate::app::rows::read("work_orders", row.id, &row.fields)?;
            let visits = visits.into_iter().map(|visit| visit.id.0).collect();
            let (refusal, hold, likely_outages) = (Some(refusal), None, Vec::new());
            let is_hold_overdue = false;
            Ok::<_, AppError>(WorkOrder { row, fields, visits, refusal, hold, is_hold_overdue, likely_outages })
        })
        .await
}

fn check(new: &NewRefusal) -> AppResult<()> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if !REFUSAL_REASONS.contains(&new.reason_code.as_str()) {
        refusal = refusal.both("reason_code", super::one_of(&REFUSAL_REASONS), super::one_of_zh(&REFUSAL_REASONS));
    }
    for (name, text) in [("reason", &new.reason), ("suggestion", &new.suggestion)] {
        if !is_text(text, 500) {
            refusal = refusal.both(name, "1 to 500 characters", "1 至 500 个字符");
        }
    }
    refusal.into_result()
}

/// Refuses what only an accepted order has.
///
/// # Errors
/// `state_invalid` if the order was refused.
pub(crate) fn require_open(conn: &mut Conn, order: &WorkOrderRecord) -> AppResult<()> {
    let refused = list_order_refusals(conn, order.org_id.0, &[order.id.0])?;
    if refused.is_empty() { Ok(()) } else { Err(ErrorCode::StateInvalid.into()) }
}
