//! Outages of a whole area: the repairs that they ask for wait for them.

use std::collections::BTreeSet;

use doorstep_store::feed::FeedBatch;
use doorstep_store::order_holds::{list_holds, list_holds_of_outage, move_holds};
use doorstep_store::outages::{self as store, OutageRow};
use doorstep_store::work_orders::WorkOrderRecord;
use doorstep_store::{Conn, StoreError, Txt, grids, sites};
use serde_json::json;
use sync_core::ids::{GridId, OutageId, WorkOrderId};
use sync_core::time::UnixMillis;

use crate::app::customers::is_text;
use crate::app::work_orders::hold::{hold, lock, resume};
use crate::app::work_orders::{NewHold, source_of_outage};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, tasks};

/// Most orders that wait for one outage.
const MAX_ORDERS: i64 = 500;

/// An outage to open.
#[derive(Debug, Clone)]
pub struct NewOutage {
    /// What is broken, for people.
    pub title: String,
    /// Where.
    pub grid: GridId,
    /// When it will probably be over.
    pub expected_end: Option<UnixMillis>,
}

/// An outage with the orders that wait for it.
#[derive(Debug, Clone)]
pub struct Outage {
    /// The row.
    pub row: OutageRow,
    /// The orders.
    pub work_orders: Vec<WorkOrderId>,
}

/// Opens an outage.
///
/// # Errors
/// `invalid` naming the field.
pub async fn open_outage(state: &AppState, ctx: Ctx, new: NewOutage) -> AppResult<Outage> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if !is_text(&new.title, 200) {
        refusal = refusal.both("title", "1 to 200 characters", "1 至 200 个字符");
    }
    if new.expected_end.is_some_and(|end| end <= ctx.now || !end.is_plausible()) {
        refusal = refusal.both("expected_end", "an instant to come", "将来的时刻");
    }
    refusal.into_result()?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            if grids::find_grid(conn, ctx.actor.org, new.grid)?.is_none() {
                return Err(Refusal::new(ErrorCode::Invalid).both("grid_id", "an existing grid", "存在的网格").into());
            }
            let row = OutageRow {
                org_id: Txt(ctx.actor.org),
                id: Txt(OutageId(app.id())),
                title: new.title.trim().to_owned(),
                grid_id: Txt(new.grid),
                expected_end_ms: new.expected_end.map(|end| end.0),
                opened_by: Txt(ctx.actor.user),
                opened_at_ms: ctx.now.0,
                ended_by: None,
                ended_at_ms: None,
                cause: None,
                version: 1,
                watch_ms: new.expected_end.map(|end| end.0),
            };
            store::insert_outage(conn, &row)?;
            audit::record(conn, &app, &ctx, "outage.opened", row.id, &json!({ "grid": new.grid }))?;
            Ok::<_, AppError>(Outage { row, work_orders: Vec::new() })
        })
        .await
}

/// Lists outages in id order; only open ones, only ended ones, or both.
///
/// # Errors
/// Database errors only.
pub async fn list_outages(
    state: &AppState,
    ctx: Ctx,
    is_open: Option<bool>,
    after: String,
    size: i64,
) -> AppResult<Vec<Outage>> {
    let read = move |conn: &mut Conn| {
        let rows = store::list_outages(conn, ctx.actor.org, is_open, &after, size)?;
        rows.into_iter().map(|row| with_orders(conn, row)).collect()
    };
    state.store.read(read).await
}

/// The outage of this id.
///
/// # Errors
/// `not_found`.
pub async fn show_outage(state: &AppState, ctx: Ctx, id: OutageId) -> AppResult<Outage> {
    let read = move |conn: &mut Conn| {
        let row = store::find_outage(conn, ctx.actor.org, id)?.ok_or(ErrorCode::NotFound)?;
        with_orders(conn, row)
    };
    state.store.read(read).await
}

fn with_orders(conn: &mut Conn, row: OutageRow) -> AppResult<Outage> {
    let held = list_holds_of_outage(conn, row.org_id.0, row.id.0, MAX_ORDERS)?;
    Ok(Outage { work_orders: held.into_iter().map(|hold| hold.work_order_id.0).collect(), row })
}

/// What changes about an outage.
#[derive(Debug, Clone, Default)]
pub struct OutageChange {
    /// Orders that wait for it from now on.
    pub add: Vec<WorkOrderId>,
    /// Orders that go on.
    pub remove: Vec<WorkOrderId>,
    /// When it will probably be over; as it was said if absent.
    pub expected_end: Option<UnixMillis>,
}

/// Has repair orders wait for an outage, and others wait no more, and says when it will be over.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` if it is over, `invalid` naming the order or the field.
pub async fn change_outage(
    state: &AppState,
    ctx: Ctx,
    id: OutageId,
    seen_version: i64,
    change: OutageChange,
) -> AppResult<Outage> {
    if change.expected_end.is_some_and(|end| end <= ctx.now || !end.is_plausible()) {
        return Err(faulty("expected_end".to_owned(), "an instant to come", "将来的时刻"));
    }
    let OutageChange { add, remove, expected_end } = change;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let known = load_open(conn, &ctx, id, seen_version)?;
            let mut row = OutageRow { version: known.version + 1, ..known };
            if let Some(end) = expected_end {
                (row.expected_end_ms, row.watch_ms) = (Some(end.0), Some(end.0));
                move_holds(conn, ctx.actor.org, id, row.expected_end_ms)?;
                tasks::settle(conn, ctx.actor.org, &[source_of_outage(id)], ctx.now)?;
            }
            store::update_outage(conn, &row)?;
            let mut batch = FeedBatch::new();
            for (index, order) in remove.iter().enumerate() {
                let held = list_holds(conn, ctx.actor.org, &[*order])?.pop();
                let held = held.filter(|hold| hold.outage_id == Some(row.id)).ok_or_else(|| {
                    faulty(format!("remove[{index}]"), "an order that waits for this outage", "因本次故障挂起的工单")
                })?;
                let order = load_order(conn, &ctx, *order, format!("remove[{index}]"))?;
                resume(conn, &app, &ctx, order, &held)?;
            }
            // In the order of their ids, so that two who do this never wait for each other.
            let sorted: BTreeSet<WorkOrderId> = add.iter().copied().collect();
            for order in sorted {
                let index = add.iter().position(|one| *one == order).unwrap_or_default();
                let known = load_order(conn, &ctx, order, format!("add[{index}]"))?;
                let until = row.expected_end_ms.map(UnixMillis);
                let new = NewHold { reason: row.title.clone(), until, outage: Some(id) };
                hold(conn, &app, &ctx, known, &new, &mut batch)?;
            }
            let outage = with_orders(conn, row)?;
            let waiting = i64::try_from(outage.work_orders.len()).unwrap_or(i64::MAX);
            if waiting >= MAX_ORDERS {
                return Err(Refusal::new(ErrorCode::Invalid).limit(MAX_ORDERS - 1, waiting).into());
            }
            let detail = json!({ "added": add, "removed": remove, "expected_end_ms": expected_end });
            audit::record(conn, &app, &ctx, "outage.changed", id, &detail)?;
            batch.publish(conn, ctx.actor.org)?;
            Ok::<_, AppError>(outage)
        })
        .await
}

/// Ends an outage with what it was: every order that waited for it goes on.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` if it is over, `invalid` without a cause.
pub async fn end_outage(
    state: &AppState,
    ctx: Ctx,
    id: OutageId,
    seen_version: i64,
    cause: String,
) -> AppResult<Outage> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let known = load_open(conn, &ctx, id, seen_version)?;
            if !is_text(&cause, 500) {
                return Err(faulty("cause".to_owned(), "1 to 500 characters", "1 至 500 个字符"));
            }
            let row = OutageRow {
                ended_by: Some(Txt(ctx.actor.user)),
                ended_at_ms: Some(ctx.now.0),
                cause: Some(cause.trim().to_owned()),
                watch_ms: None,
                version: known.version + 1,
                ..known
            };
            store::update_outage(conn, &row)?;
            let mut held = list_holds_of_outage(conn, ctx.actor.org, id, MAX_ORDERS)?;
            held.sort_by_key(|hold| hold.work_order_id);
            for hold in &held {
                let order = load_order(conn, &ctx, hold.work_order_id.0, "work_orders".to_owned())?;
                resume(conn, &app, &ctx, order, hold)?;
            }
            tasks::settle(conn, ctx.actor.org, &[source_of_outage(id)], ctx.now)?;
            audit::record(conn, &app, &ctx, "outage.ended", id, &json!({ "resumed": held.len() }))?;
            Ok::<_, AppError>(Outage { row, work_orders: Vec::new() })
        })
        .await
}

fn load_open(conn: &mut Conn, ctx: &Ctx, id: OutageId, seen_version: i64) -> AppResult<OutageRow> {
    let row = store::find_outage(conn, ctx.actor.org, id)?.ok_or(ErrorCode::NotFound)?;
    if row.version != seen_version {
        return Err(StoreError::Stale.into());
    }
    if row.ended_at_ms.is_some() {
        return Err(Refusal::new(ErrorCode::StateInvalid).detail("The outage is over", "该故障已结束").into());
    }
    Ok(row)
}

/// A repair order, locked with its visits.
fn load_order(conn: &mut Conn, ctx: &Ctx, id: WorkOrderId, at: String) -> AppResult<WorkOrderRecord> {
    let order = lock(conn, ctx.actor.org, id)?.filter(|order| order.kind == REPAIR);
    order.ok_or_else(|| faulty(at, "an existing repair order", "存在的故障处理工单"))
}

fn faulty(at: String, en: &str, zh: &str) -> AppError {
    Refusal::new(ErrorCode::Invalid).both(at, en, zh).into()
}

/// The type of orders that an outage asks for.
const REPAIR: &str = "repair";

/// The open outages where a new repair order is.
///
/// # Errors
/// Database errors only.
pub(crate) fn likely_for(conn: &mut Conn, order: &WorkOrderRecord) -> AppResult<Vec<OutageRow>> {
    if order.kind != REPAIR {
        return Ok(Vec::new());
    }
    let grid = sites::find_site(conn, order.org_id.0, order.site_id.0)?.and_then(|site| site.grid_id);
    let Some(grid) = grid else { return Ok(Vec::new()) };
    Ok(store::list_open(conn, order.org_id.0, grid.0)?)
}
