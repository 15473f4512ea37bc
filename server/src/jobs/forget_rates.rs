//! Keeps the memory of rate limits to those who called in the last minutes.

use std::time::Duration;

use crate::app::AppState;

/// How often the job runs: counts last a minute or two, and one takes less than a hundred bytes.
const EVERY: Duration = Duration::from_secs(60);

/// Runs the job every minute, until the process stops.
pub async fn run(state: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        state.rates.forget_rested();
    }
}
