//! Showing and listing visits.

use doorstep_store::visits::{self, VisitFilter, VisitRecord};
use doorstep_store::{Conn, assignments};
use sync_core::ids::VisitId;
use sync_core::plan::VisitPlan;
use sync_core::visit::VisitState;

use super::{Visit, load, state_of};
use crate::app::rows::plan_of;
use crate::app::scope::load_zone;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, reach};

/// A visit in a list.
#[derive(Debug, Clone)]
pub struct VisitListing {
    /// The row.
    pub row: VisitRecord,
    /// The plan.
    pub plan: VisitPlan,
    /// The projected state.
    pub state: VisitState,
}

/// The visit of this id with plan, state, crew and findings.
///
/// # Errors
/// `not_found` if absent or out of reach.
pub async fn show_visit(state: &AppState, ctx: Ctx, id: VisitId) -> AppResult<Visit> {
    state
        .store
        .read(move |conn| {
            reach::load_visit(conn, &ctx, id)?;
            load(conn, ctx.actor.org, id, ctx.now)
        })
        .await
}

/// Lists visits in id order, as far as the asker may see them, of one day if one is named.
///
/// # Errors
/// `parameter_invalid` if the day or the state does not exist.
pub async fn list_visits(
    state: &AppState,
    ctx: Ctx,
    mut filter: VisitFilter,
    day: Option<String>,
    after: String,
    size: i64,
) -> AppResult<Vec<VisitListing>> {
    if filter.state.as_deref().is_some_and(|code| VisitState::from_code(code).is_none()) {
        return Err(Refusal::new(ErrorCode::ParameterInvalid).field("state", "a state of visits").into());
    }
    state
        .store
        .read(move |conn| {
            filter.reach = reach::of(conn, &ctx)?.visits;
            if let Some(day) = &day {
                let bounds = load_zone(conn, ctx.actor.org)?.bounds(day).map_err(|_no_day| no_day())?;
                (filter.from_ms, filter.to_ms) = (Some(bounds.from.0), Some(bounds.to.0));
            }
            let rows = visits::list_visits(conn, ctx.actor.org, &filter, &after, size)?;
            listings(conn, &ctx, rows)
        })
        .await
}

/// Refuses a day that does not exist.
pub(crate) fn no_day() -> AppError {
    Refusal::new(ErrorCode::ParameterInvalid).field("date", "a day as YYYY-MM-DD").into()
}

/// Adds crew and state to rows.
pub(crate) fn listings(conn: &mut Conn, ctx: &Ctx, rows: Vec<VisitRecord>) -> AppResult<Vec<VisitListing>> {
    let ids: Vec<VisitId> = rows.iter().map(|row| row.id.0).collect();
    let mut crews = assignments::crews_by_visit(conn, ctx.actor.org, &ids)?;
    rows.into_iter()
        .map(|row| {
            let crew = crews.remove(&row.id.0).unwrap_or_default();
            Ok::<_, AppError>(VisitListing { plan: plan_of(&row, crew), state: state_of(&row)?, row })
        })
        .collect()
}
