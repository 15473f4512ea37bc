//! Tells somebody of deadlines that have passed and of holds that last too long, and passes on tasks that nobody has seen to.

use std::time::Duration;

use doorstep_store::organisations::list_organisations;
use sync_core::ids::OrgId;
use sync_core::time::UnixMillis;

use super::alone;
use crate::app::{AppError, AppResult, AppState, deadlines, tasks, work_orders};

/// How often the job runs: nobody is told much later than a deadline passes.
const EVERY: Duration = Duration::from_secs(20);

/// Runs the job at once and then again and again, until the process stops.
pub async fn run(state: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        match alone(&state, "watch_deadlines", run_due(&state, state.clock.now())).await {
            Ok(None | Some((0, 0))) => {}
            Ok(Some((told, passed_on))) => tracing::info!(told, passed_on, "deadlines have passed"),
            Err(error) => tracing::error!(%error, "watching deadlines failed"),
        }
    }
}

/// Tells of what is due by now; how many deadlines and holds were told of, and how many tasks passed on.
///
/// # Errors
/// If the list of organisations cannot be read; what is wrong with one of them is logged and keeps nobody else waiting.
pub async fn run_due(state: &AppState, now: UnixMillis) -> AppResult<(usize, usize)> {
    let organisations = state.store.read(|conn| Ok::<_, AppError>(list_organisations(conn)?)).await?;
    let (mut told, mut passed_on) = (0, 0);
    for organisation in organisations {
        let org = organisation.id.0;
        let new = deadlines::tell_due(state, org, now).await;
        told += new.unwrap_or_else(|error| none_of(org, &error));
        let held = work_orders::tell_overdue(state, org, now).await;
        told += held.unwrap_or_else(|error| none_of(org, &error));
        let further = tasks::escalate_due(state, org, now).await;
        passed_on += further.unwrap_or_else(|error| none_of(org, &error));
    }
    Ok((told, passed_on))
}

fn none_of(org: OrgId, error: &AppError) -> usize {
    tracing::error!(%org, ?error, "its deadlines are not watched");
    0
}
