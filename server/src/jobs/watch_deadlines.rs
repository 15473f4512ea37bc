//! Tells somebody of deadlines that have passed, and passes on tasks that nobody has seen to.

use std::time::Duration;

use sync_core::time::UnixMillis;

use super::alone;
use crate::app::{AppResult, AppState, deadlines, tasks};

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

/// Tells of what is due by now; how many deadlines were told of and how many tasks passed on.
///
/// # Errors
/// Database errors and corrupt rows.
pub async fn run_due(state: &AppState, now: UnixMillis) -> AppResult<(usize, usize)> {
    Ok((deadlines::tell_due(state, now).await?, tasks::escalate_due(state, now).await?))
}
