//! Planning the next attempt after a visit whose work was not done (APT-07, APT-09).

use doorstep_store::visits::{VisitRecord, find_next_attempt};
use doorstep_store::work_orders::{WorkOrderRecord, find_locked};
use doorstep_store::{Conn, StoreError, presence};
use sync_core::ids::{UserId, VisitId};

use super::plan::{NewVisit, PlannedTime, plan};
use super::{Visit, require, state_of};
use crate::app::rows::corrupt;
use crate::app::work_orders::require_open;
use crate::app::{AppResult, AppState, Ctx, reach};
use crate::domain::visit::may_try_again;

/// Plans a new visit of the same work order with the same template and a raised priority.
///
/// # Errors
/// `not_found`, `state_invalid` if the work was done or the visit is open, `conflict` if there is a next attempt.
pub async fn create_next_attempt(
    state: &AppState,
    ctx: Ctx,
    id: VisitId,
    crew: Vec<UserId>,
    time: PlannedTime,
) -> AppResult<Visit> {
    let app = state.clone();
    ctx.once().write(&state.store, move |conn| plan_next_attempt(conn, &app, &ctx, id, (&crew, &time))).await
}

/// The same within a transaction.
///
/// # Errors
/// As [`create_next_attempt`].
// Rules: APT-07, APT-09
pub(crate) fn plan_next_attempt(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    id: VisitId,
    (crew, time): (&[UserId], &PlannedTime),
) -> AppResult<Visit> {
    // A hand-in or another next attempt waits, or came before and is seen.
    presence::lock_visit(conn, ctx.actor.org, id)?;
    let previous = reach::load_visit(conn, ctx, id)?;
    let state = state_of(&previous)?;
    require(may_try_again(state, previous.outcome.as_deref()), state)?;
    if find_next_attempt(conn, &previous)?.is_some() {
        return Err(StoreError::Conflict { constraint: "one next attempt per visit".to_owned() }.into());
    }
    let order = order_of(conn, &previous)?;
    require_open(conn, &order)?;
    let (template, time) = (previous.template.clone(), time.clone());
    let new = NewVisit { work_order: order.id.0, template, crew: crew.to_vec(), time };
    plan(conn, app, ctx, &order, Some(&previous), &new)
}

/// The order of a visit, which waits for other changes of it.
pub(super) fn order_of(conn: &mut Conn, visit: &VisitRecord) -> AppResult<WorkOrderRecord> {
    let order = visit.work_order_id.ok_or_else(|| super::without_order(visit))?;
    find_locked(conn, visit.org_id.0, order.0)?.ok_or_else(|| corrupt("visits", visit.id, "no work order"))
}
