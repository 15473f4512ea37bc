//! Everything that was decided about a visit.

use std::collections::BTreeMap;

use doorstep_store::users;
use sync_core::ids::{UserId, VisitId};
use sync_core::plan::Review;

use crate::app::visits::project::load_review;
use crate::app::{AppError, AppResult, AppState, Ctx, reach};

/// Verdicts and rework tickets of a visit, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewHistory {
    /// The decisions.
    pub review: Review,
    /// Names of those who decided.
    pub names: BTreeMap<UserId, String>,
}

/// Lists every decision about a visit, oldest first.
///
/// # Errors
/// `not_found` if absent or out of reach.
pub async fn list_verdicts(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<ReviewHistory> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            reach::load_visit(conn, &ctx, visit)?;
            let review = load_review(conn, org, visit)?;
            let mut names = BTreeMap::new();
            for verdict in &review.verdicts {
                if !names.contains_key(&verdict.by)
                    && let Some(user) = users::find_user(conn, org, verdict.by)?
                {
                    names.insert(verdict.by, user.name);
                }
            }
            Ok::<_, AppError>(ReviewHistory { review, names })
        })
        .await
}
