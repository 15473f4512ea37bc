//! How far an asker sees: everything, or what people of his own are assigned to.

use doorstep_store::{Conn, users, visits};
use sync_core::ids::{UserId, VisitId};
use sync_core::visit::VisitState;

use crate::app::{AppResult, Ctx, ErrorCode};
use crate::domain::{Role, Scope};

/// The people whose visits the asker may see; `None` means all visits of the organisation.
///
/// # Errors
/// `not_found` for a team lead without a team.
pub fn of(conn: &mut Conn, ctx: &Ctx) -> AppResult<Option<Vec<UserId>>> {
    match ctx.scope {
        Scope::Organisation => Ok(None),
        Scope::Own => Ok(Some(vec![ctx.actor.user])),
        Scope::Team => {
            let team = ctx.actor.team.ok_or(ErrorCode::NotFound)?;
            let members = users::list_users(conn, ctx.actor.org, Some(team), "", i64::MAX)?;
            Ok(Some(members.into_iter().map(|user| user.id.0).collect()))
        }
    }
}

/// The visit, if it is within the asker's reach.
///
/// # Errors
/// `not_found` for absent and foreign visits alike.
pub fn load_visit(conn: &mut Conn, ctx: &Ctx, visit: VisitId) -> AppResult<visits::VisitRecord> {
    let reach = of(conn, ctx)?;
    let filter = visits::VisitFilter { id: Some(visit), reach, states: visible_states(ctx), ..Default::default() };
    let mut found = visits::list_visits(conn, ctx.actor.org, &filter, "", 1)?;
    Ok(found.pop().ok_or(ErrorCode::NotFound)?)
}

/// The states in which the asker sees visits; `None` means all. Who only reviews sees what was handed in.
#[must_use]
pub fn visible_states(ctx: &Ctx) -> Option<Vec<&'static str>> {
    use VisitState as S;
    let only_reviews = !ctx.actor.roles.is_empty() && ctx.actor.roles.iter().all(|role| *role == Role::Reviewer);
    let is_visible =
        |state: &&S| state.is_handed_in() || matches!(state, S::UnderReview | S::Approved | S::Returned | S::Closed);
    only_reviews.then(|| S::ALL.iter().filter(is_visible).map(|state| state.code()).collect())
}

/// Whether contact data is masked for the asker: all he is are roles that judge, not serve (rulebook 20).
#[must_use]
pub fn is_masked(ctx: &Ctx) -> bool {
    let judges = |role: &Role| matches!(role, Role::Reviewer | Role::Auditor);
    !ctx.actor.roles.is_empty() && ctx.actor.roles.iter().all(judges)
}
