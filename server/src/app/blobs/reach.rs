//! Which visits the asker may see, from the scope the permission table grants.

use doorstep_store::{Conn, presence, users};
use sync_core::ids::{UserId, VisitId};

use crate::app::{AppResult, Ctx, ErrorCode};
use crate::domain::Scope;

/// Whose visits the asker may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Every visit of the organisation.
    All,
    /// Visits that one of these people is assigned to now.
    Crews(Vec<UserId>),
}

/// How far the asker sees.
///
/// # Errors
/// `not_found` if the grant is for a team and the asker has none.
pub fn reach(conn: &mut Conn, ctx: &Ctx) -> AppResult<Reach> {
    Ok(match ctx.scope {
        Scope::Organisation => Reach::All,
        Scope::Own => Reach::Crews(vec![ctx.actor.user]),
        Scope::Team => {
            let team = ctx.actor.team.ok_or(ErrorCode::NotFound)?;
            let members = users::list_users(conn, ctx.actor.org, Some(team), "", i64::MAX)?;
            Reach::Crews(members.into_iter().map(|member| member.id.0).collect())
        }
    })
}

/// Whether the asker may see this visit.
///
/// # Errors
/// Database errors only.
pub fn visit_in_reach(conn: &mut Conn, ctx: &Ctx, reach: &Reach, visit: VisitId) -> AppResult<bool> {
    Ok(match reach {
        Reach::All => presence::visit_exists(conn, ctx.actor.org, visit)?,
        Reach::Crews(people) => presence::is_assigned(conn, ctx.actor.org, visit, people)?,
    })
}
