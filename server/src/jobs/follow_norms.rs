//! Has visits that nobody has begun follow the norms in force at their start, as days pass and versions take effect.

use std::time::Duration;

use sync_core::time::UnixMillis;

use super::{alone, for_each_organisation};
use crate::app::visits::follow_norms;
use crate::app::{AppResult, AppState};

/// How often the job runs. Publishing moves the visits of its days at once; what is left are those without a day, those that
/// begin late, and what a cut-off publication did not come to.
const EVERY: Duration = Duration::from_secs(3600);

/// Runs the job at once and then every hour, until the process stops.
pub async fn run(state: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        match alone(&state, "follow_norms", run_due(&state, state.clock.now())).await {
            Ok(None | Some(0)) => {}
            Ok(Some(changed)) => tracing::info!(changed, "visits follow other norms"),
            Err(error) => tracing::error!(%error, "having visits follow the norms failed"),
        }
    }
}

/// Does so for every organisation; tells how many visits changed.
///
/// # Errors
/// If the list of organisations cannot be read; what is wrong with one of them is logged and keeps nobody else waiting.
pub async fn run_due(state: &AppState, now: UnixMillis) -> AppResult<u64> {
    for_each_organisation(state, |org| follow_norms(state, org, now)).await
}
