//! How far an asker sees: the union of what each of his roles sees by itself.

use std::collections::BTreeSet;

use doorstep_store::visits::VisitReach;
use doorstep_store::{Conn, assignments, users, visits};
use sync_core::ids::{OrgId, UserId, VisitId};
use sync_core::visit::VisitState;

use crate::app::{AppResult, Ctx, ErrorCode};
use crate::domain::{Role, Scope};

/// What the asker sees with the roles that grant the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Whose orders, customers and sites he sees, those of the visits that they are assigned to; `None` for all.
    pub people: Option<Vec<UserId>>,
    /// Which visits he sees; `None` for all.
    pub visits: Option<VisitReach>,
    /// Whose customers' contact data he sees as it is, not masked; `None` for all.
    pub unmasked: Option<Vec<UserId>>,
}

impl Reach {
    /// Whether he sees a visit in this state without regard to who is assigned.
    #[must_use]
    pub fn sees_everybodys(&self, state: &str) -> bool {
        self.visits.as_ref().is_none_or(|reach| reach.states.contains(&state))
    }

    /// Whether contact data is masked for a visit with this crew.
    #[must_use]
    pub fn masks(&self, crew: &[UserId]) -> bool {
        self.unmasked.as_ref().is_some_and(|people| !crew.iter().any(|rep| people.contains(rep)))
    }

    /// Of which of these visits contact data is masked; one without a crew is nobody's own.
    ///
    /// # Errors
    /// Database errors only.
    pub fn masked(&self, conn: &mut Conn, org: OrgId, visits: &[VisitId]) -> AppResult<BTreeSet<VisitId>> {
        if self.unmasked.is_none() || visits.is_empty() {
            return Ok(BTreeSet::new());
        }
        let crews = assignments::crews_by_visit(conn, org, visits)?;
        let crew_of = |visit: &VisitId| crews.get(visit).map(Vec::as_slice).unwrap_or_default();
        Ok(visits.iter().filter(|visit| self.masks(crew_of(visit))).copied().collect())
    }
}

/// What the asker sees.
///
/// # Errors
/// Database errors only.
pub fn of(conn: &mut Conn, ctx: &Ctx) -> AppResult<Reach> {
    let team = match ctx.actor.team {
        Some(team) if ctx.grants.iter().any(|(_, scope)| *scope == Scope::Team) => {
            let members = users::list_users(conn, ctx.actor.org, Some(team), "", i64::MAX)?;
            members.into_iter().map(|user| user.id.0).collect()
        }
        _ => Vec::new(),
    };
    Ok(Reach::new(ctx, &team))
}

impl Reach {
    fn new(ctx: &Ctx, team: &[UserId]) -> Self {
        // Scopes include one another, so the widest is the union.
        let widest = |counts: fn(Role) -> bool| {
            ctx.grants.iter().filter(|(role, _)| counts(*role)).map(|(_, scope)| *scope).max()
        };
        let people = |scope: Option<Scope>| match scope {
            None => Some(Vec::new()),
            Some(Scope::Own) => Some(vec![ctx.actor.user]),
            Some(Scope::Team) => {
                let people: BTreeSet<UserId> = team.iter().copied().chain([ctx.actor.user]).collect();
                Some(people.into_iter().collect())
            }
            Some(Scope::Organisation) => None,
        };
        let is_reviewer = widest(is_blind_to_unfinished) == Some(Scope::Organisation);
        let states = if is_reviewer { handed_in() } else { Vec::new() };
        Self {
            people: people(widest(|_| true)),
            visits: people(widest(|role| !is_blind_to_unfinished(role))).map(|reps| VisitReach { reps, states }),
            unmasked: people(widest(|role| !is_masked(role))),
        }
    }
}

/// The visit, if it is within the asker's reach.
///
/// # Errors
/// `not_found` for absent and foreign visits alike.
// Rule: DOC-01
pub fn load_visit(conn: &mut Conn, ctx: &Ctx, visit: VisitId) -> AppResult<visits::VisitRecord> {
    let reach = of(conn, ctx)?.visits;
    let filter = visits::VisitFilter { id: Some(visit), reach, ..Default::default() };
    let mut found = visits::list_visits(conn, ctx.actor.org, &filter, "", 1)?;
    Ok(found.pop().ok_or(ErrorCode::NotFound)?)
}

/// Whether the visit is within the reach of those of the asker's roles that count.
///
/// # Errors
/// Database errors only.
pub fn sees_visit(conn: &mut Conn, ctx: &Ctx, visit: VisitId, counts: fn(Role) -> bool) -> AppResult<bool> {
    let grants = ctx.grants.iter().copied().filter(|(role, _)| counts(*role)).collect();
    match load_visit(conn, &Ctx { grants, ..ctx.clone() }, visit) {
        Ok(_) => Ok(true),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the role by itself sees nothing of a visit before it is handed in (rulebook 20).
const fn is_blind_to_unfinished(role: Role) -> bool {
    matches!(role, Role::Reviewer)
}

/// Whether contact data is masked for the role by itself: it judges, it does not serve (rulebook 20).
const fn is_masked(role: Role) -> bool {
    matches!(role, Role::Reviewer | Role::Auditor)
}

/// The states of visits that were handed in.
pub(crate) fn handed_in() -> Vec<&'static str> {
    let is_visible = |state: &&VisitState| state.is_handed_in() || state.is_past_hand_in();
    VisitState::ALL.iter().filter(is_visible).map(|state| state.code()).collect()
}
