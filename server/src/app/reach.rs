//! How far an asker sees: everything, or what people of his own are assigned to.

use doorstep_store::{Conn, users, visits};
use sync_core::ids::{UserId, VisitId};

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
    let filter = visits::VisitFilter { id: Some(visit), reach: of(conn, ctx)?, ..Default::default() };
    let mut found = visits::list_visits(conn, ctx.actor.org, &filter, "", 1)?;
    Ok(found.pop().ok_or(ErrorCode::NotFound)?)
}

/// Whether contact data is masked for the asker: all he is are roles that judge, not serve (rulebook 20).
#[must_use]
pub fn is_masked(ctx: &Ctx) -> bool {
    let judges = |role: &Role| matches!(role, Role::Reviewer | Role::Auditor);
    !ctx.actor.roles.is_empty() && ctx.actor.roles.iter().all(judges)
}
