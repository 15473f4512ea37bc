//! Tells customers of visits that phones brought news of.

use std::time::Duration;

use sync_core::time::UnixMillis;

use super::{alone, for_each_organisation};
use crate::app::{AppResult, AppState, contacts};

/// How often the job runs: a customer hears of an arrival while the crew is at the door.
const EVERY: Duration = Duration::from_secs(20);

/// Runs the job at once and then again and again, until the process stops.
pub async fn run(state: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        match alone(&state, "tell_customers", run_due(&state, state.clock.now())).await {
            Ok(None | Some(0)) => {}
            Ok(Some(told)) => tracing::info!(told, "messages to customers were written"),
            Err(error) => tracing::error!(%error, "telling customers of their visits failed"),
        }
    }
}

/// Writes what there is to tell by now, in all organisations; how many messages.
///
/// # Errors
/// If the list of organisations cannot be read; what is wrong with one of them is logged and keeps nobody else waiting.
pub async fn run_due(state: &AppState, now: UnixMillis) -> AppResult<usize> {
    for_each_organisation(state, |org| contacts::tell_news(state, org, now)).await
}
