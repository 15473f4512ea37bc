//! Planning the next attempt after a visit whose work was not done (APT-07, APT-09).

use doorstep_store::visits::find_next_attempt;
use doorstep_store::work_orders::find_locked;
use doorstep_store::{StoreError, presence};
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
// Rules: APT-07, APT-09
pub async fn create_next_attempt(
    state: &AppState,
    ctx: Ctx,
    id: VisitId,
    crew: Vec<UserId>,
    time: PlannedTime,
) -> AppResult<Visit> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            // A hand-in or another next attempt waits, or came before and is seen.
            presence::lock_visit(conn, ctx.actor.org, id)?;
            let previous = reach::load_visit(conn, &ctx, id)?;
            let state = state_of(&previous)?;
            require(may_try_again(state, previous.outcome.as_deref()), state)?;
            if find_next_attempt(conn, &previous)?.is_some() {
                return Err(StoreError::Conflict { constraint: "one next attempt per visit".to_owned() }.into());
            }
            let order_id = previous.work_order_id.ok_or_else(|| super::without_order(&previous))?;
            let order = find_locked(conn, ctx.actor.org, order_id.0)?
                .ok_or_else(|| corrupt("visits", previous.id, "no work order"))?;
            require_open(conn, &order)?;
            let new = NewVisit {
                work_order: order_id.0,
                template: previous.template.clone(),
                crew: crew.clone(),
                time: time.clone(),
            };
            plan(conn, &app, &ctx, &order, Some(&previous), &new)
        })
        .await
}
