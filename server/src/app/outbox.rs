//! Visits that wait for a job, each seen to in a transaction of its own: what is wrong with one keeps no other waiting.

use doorstep_store::outbox::{self, Outbox};
use doorstep_store::{Conn, presence};
use sync_core::ids::{OrgId, VisitId};

use crate::app::error::unless_outage;
use crate::app::{AppError, AppResult, AppState};

/// Visits that are read at once.
const PAGE: i64 = 200;

/// Takes each visit of an organisation that waits off the list and sees to it; tells the sum of what came of it.
///
/// # Concurrency
/// However often, and on however many nodes at once, each visit is seen to once for each time it was noted.
///
/// # Errors
/// If the database cannot be used at all; what is wrong with one visit is logged.
pub async fn take_each<F>(state: &AppState, outbox: Outbox, org: OrgId, see_to: F) -> AppResult<usize>
where
    F: Fn(&mut Conn, &AppState, VisitId) -> AppResult<usize> + Clone + Send + 'static,
{
    let (mut sum, mut after) = (0, String::new());
    loop {
        let from = after.clone();
        let list = move |conn: &mut Conn| Ok::<_, AppError>(outbox::list(conn, outbox, org, &from, PAGE)?);
        let page = state.store.read(list).await?;
        let Some(last) = page.last() else { return Ok(sum) };
        after = last.to_string();
        for visit in page {
            let (app, see_to) = (state.clone(), see_to.clone());
            let take = move |conn: &mut Conn| {
                if !presence::lock_visit(conn, org, visit)? || !outbox::take(conn, outbox, org, visit)? {
                    return Ok(0);
                }
                see_to(conn, &app, visit)
            };
            match unless_outage(state.store.write(take).await)? {
                Ok(count) => sum += count,
                Err(error) => tracing::error!(%org, %visit, ?outbox, ?error, "a visit that waits cannot be seen to"),
            }
        }
    }
}
