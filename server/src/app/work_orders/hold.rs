//! Orders on which nobody works for the time being.

use doorstep_store::feed::FeedBatch;
use doorstep_store::order_holds::{OrderHoldRow, end_hold, insert_hold, list_holds};
use doorstep_store::presence::lock_visits;
use doorstep_store::visits::list_visits_of;
use doorstep_store::work_orders::{WorkOrderRecord, find_locked, update_version};
use doorstep_store::{Conn, StoreError, Txt};
use serde_json::json;
use sync_core::ids::{HoldId, OrgId, OutageId, VisitId, WorkOrderId};
use sync_core::time::UnixMillis;

use super::overdue::source_of_hold;
use super::{WorkOrder, require_open};
use crate::app::customers::is_text;
use crate::app::visits::{change_crew, is_unbegun, put};
use crate::app::{AppResult, AppState, Ctx, ErrorCode, Refusal, audit, tasks};

/// Why nobody works on an order, and until when.
#[derive(Debug, Clone)]
pub struct NewHold {
    /// Why.
    pub reason: String,
    /// When it will probably go on.
    pub until: Option<UnixMillis>,
    /// The outage that it is part of.
    pub outage: Option<OutageId>,
}

/// Puts an order on hold: its visits that nobody has begun leave the phones; what a phone did meanwhile comes late.
///
/// # Errors
/// `not_found`, `stale_version`, `order_on_hold` if it is already, `state_invalid` if it was refused, `invalid` naming the
/// field.
pub async fn hold_work_order(
    state: &AppState,
    ctx: Ctx,
    id: WorkOrderId,
    seen_version: i64,
    new: NewHold,
) -> AppResult<WorkOrder> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let known = load(conn, &ctx, id, seen_version)?;
            check(&new, ctx.now)?;
            let mut batch = FeedBatch::new();
            let (row, hold) = hold(conn, &app, &ctx, known, &new, &mut batch)?;
            batch.publish(conn, ctx.actor.org)?;
            order_of(conn, &ctx, row, Some(hold))
        })
        .await
}

/// Has work on an order go on: its visits wait for somebody to be sent.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` unless it is on hold by itself.
pub async fn resume_work_order(state: &AppState, ctx: Ctx, id: WorkOrderId, seen_version: i64) -> AppResult<WorkOrder> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let known = load(conn, &ctx, id, seen_version)?;
            let held = list_holds(conn, ctx.actor.org, &[id])?.pop().filter(|hold| hold.outage_id.is_none());
            let Some(held) = held else {
                let refusal = Refusal::new(ErrorCode::StateInvalid);
                return Err(refusal
                    .detail("The order is not on hold by itself", "该工单未单独挂起，不能单独恢复")
                    .into());
            };
            let row = resume(conn, &app, &ctx, known, &held)?;
            order_of(conn, &ctx, row, None)
        })
        .await
}

/// An order for a change, if it has the version the asker saw. Its visits are locked before it, as by whoever plans the
/// next attempt.
fn load(conn: &mut Conn, ctx: &Ctx, id: WorkOrderId, seen_version: i64) -> AppResult<WorkOrderRecord> {
    let row = lock(conn, ctx.actor.org, id)?.ok_or(ErrorCode::NotFound)?;
    if row.version == seen_version { Ok(row) } else { Err(StoreError::Stale.into()) }
}

/// Locks an order and its visits.
///
/// # Errors
/// Database errors only.
pub(crate) fn lock(conn: &mut Conn, org: OrgId, id: WorkOrderId) -> AppResult<Option<WorkOrderRecord>> {
    let visits: Vec<VisitId> = list_visits_of(conn, org, id)?.iter().map(|row| row.id.0).collect();
    lock_visits(conn, org, &visits)?;
    Ok(find_locked(conn, org, id)?)
}

fn check(new: &NewHold, now: UnixMillis) -> AppResult<()> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if !is_text(&new.reason, 500) {
        refusal = refusal.both("reason", "1 to 500 characters", "1 至 500 个字符");
    }
    if new.until.is_some_and(|until| until <= now || !until.is_plausible()) {
        refusal = refusal.both("until", "an instant to come", "将来的时刻");
    }
    refusal.into_result()
}

/// Puts a locked order on hold, and says in the batch what leaves the phones.
///
/// # Errors
/// `order_on_hold` if it is already, `state_invalid` if it was refused.
pub(crate) fn hold(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    known: WorkOrderRecord,
    new: &NewHold,
    batch: &mut FeedBatch,
) -> AppResult<(WorkOrderRecord, OrderHoldRow)> {
    let (org, id) = (known.org_id.0, known.id.0);
    require_open(conn, &known)?;
    require_not_held(conn, org, id)?;
    let row = WorkOrderRecord { version: known.version + 1, ..known };
    update_version(conn, &row)?;
    let hold = OrderHoldRow {
        org_id: row.org_id,
        id: Txt(HoldId(app.id())),
        work_order_id: row.id,
        outage_id: new.outage.map(Txt),
        reason: new.reason.trim().to_owned(),
        until_ms: new.until.map(|until| until.0),
        held_by: Txt(ctx.actor.user),
        held_at_ms: ctx.now.0,
        resumed_by: None,
        resumed_at_ms: None,
        watch_ms: new.until.map(|until| until.0),
    };
    insert_hold(conn, &hold)?;
    audit::record(conn, app, ctx, "work_order.held", id, &json!({ "until_ms": hold.until_ms, "outage": new.outage }))?;
    for mut visit in list_visits_of(conn, org, id)? {
        if !is_unbegun(conn, &visit)? {
            continue;
        }
        if let Some(before) = change_crew(conn, app, ctx, &mut visit, &[])? {
            let detail = json!({ "from": before, "to": [], "epoch": visit.assignment_epoch, "hold": hold.id.0 });
            audit::record(conn, app, ctx, "visit.assigned", visit.id, &detail)?;
            put(conn, app, &mut visit, batch, ctx.now)?;
        }
    }
    Ok((row, hold))
}

/// Ends a hold of a locked order.
///
/// # Errors
/// Stale if it had ended.
pub(crate) fn resume(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    known: WorkOrderRecord,
    held: &OrderHoldRow,
) -> AppResult<WorkOrderRecord> {
    let row = WorkOrderRecord { version: known.version + 1, ..known };
    update_version(conn, &row)?;
    end_hold(conn, row.org_id.0, held.id.0, ctx.actor.user, ctx.now.0)?;
    tasks::settle(conn, row.org_id.0, &[source_of_hold(held)], ctx.now)?;
    audit::record(conn, app, ctx, "work_order.resumed", row.id, &json!({ "hold": held.id.0 }))?;
    Ok(row)
}

/// Refuses what only an order has on which work goes on.
///
/// # Errors
/// `order_on_hold`.
pub(crate) fn require_not_held(conn: &mut Conn, org: OrgId, order: WorkOrderId) -> AppResult<()> {
    if list_holds(conn, org, &[order])?.is_empty() { Ok(()) } else { Err(ErrorCode::OrderOnHold.into()) }
}

fn order_of(conn: &mut Conn, ctx: &Ctx, row: WorkOrderRecord, hold: Option<OrderHoldRow>) -> AppResult<WorkOrder> {
    let fields = crate::app::rows::read("work_orders", row.id, &row.fields)?;
    let visits = list_visits_of(conn, row.org_id.0, row.id.0)?.into_iter().map(|visit| visit.id.0).collect();
    let is_hold_overdue = hold.as_ref().is_some_and(|hold| hold.is_overdue(ctx.now.0));
    let (refusal, likely_outages) = (None, Vec::new());
    Ok(WorkOrder { row, fields, visits, refusal, hold, is_hold_overdue, likely_outages })
}
