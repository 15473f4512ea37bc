//! Claiming a visit, so that two reviewers never judge it at once.

use doorstep_store::{Conn, presence, reviews};
use sync_core::ids::{OrgId, UserId, VisitId};
use sync_core::time::UnixMillis;

use super::case::Case;
use crate::app::{AppError, AppResult, AppState, Ctx, reach};
use crate::domain::review::{self, Claim, ReviewError};

/// Claims a visit under review for the asker, or renews his claim.
///
/// # Errors
/// `not_found`, `four_eyes`, `state_invalid` unless it is under review, `claimed_by_other`.
pub async fn claim_review(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<Claim> {
    state
        .store
        .write(move |conn| {
            let case = open(conn, &ctx, visit)?;
            review::expect_under_review(case.derived.state)?;
            take(conn, ctx.actor.org, visit, ctx.actor.user, ctx.now)
        })
        .await
}

/// Loads a visit for a decision of the asker; others who decide on it wait for the commit.
pub(in crate::app) fn open(conn: &mut Conn, ctx: &Ctx, visit: VisitId) -> AppResult<Case> {
    presence::lock_visit(conn, ctx.actor.org, visit)?;
    let row = reach::load_visit(conn, ctx, visit)?;
    let case = Case::load(conn, row, ctx.now)?;
    if review::executed(&case.view, &case.loaded.plan.visit.crew, ctx.actor.user) {
        return Err(ReviewError::FourEyes.into());
    }
    Ok(case)
}

/// Gives or renews the claim of a reviewer.
pub(super) fn take(conn: &mut Conn, org: OrgId, visit: VisitId, reviewer: UserId, now: UnixMillis) -> AppResult<Claim> {
    let claim = review::claim(find(conn, org, visit)?, reviewer, now)?;
    reviews::set_claim(conn, org, visit, reviewer, claim.until.0)?;
    Ok::<_, AppError>(claim)
}

/// Who holds the visit, also if the claim has ended.
pub(super) fn find(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<Option<Claim>> {
    let found = reviews::find_claim(conn, org, visit)?;
    Ok(found.map(|(reviewer, until)| Claim { reviewer, until: UnixMillis(until) }))
}
