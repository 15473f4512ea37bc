//! Archives what visits left.

use std::time::Duration;

use sync_core::time::UnixMillis;

use super::{alone, for_each_organisation};
use crate::app::{AppResult, AppState, archive};

/// How often the job runs: in good time (DOC-03), and never in the way of a push.
const EVERY: Duration = Duration::from_secs(60);

/// Runs the job at once and then again and again, until the process stops.
pub async fn run(state: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        match alone(&state, "archive_visits", run_due(&state, state.clock.now())).await {
            Ok(None | Some(0)) => {}
            Ok(Some(items)) => tracing::info!(items, "visits were archived"),
            Err(error) => tracing::error!(%error, "archiving visits failed"),
        }
    }
}

/// Archives what there is by now, in all organisations; how many items.
///
/// # Errors
/// If the list of organisations cannot be read; what is wrong with one of them is logged and keeps nobody else waiting.
pub async fn run_due(state: &AppState, now: UnixMillis) -> AppResult<usize> {
    for_each_organisation(state, |org| archive::archive_due(state, org, now)).await
}
