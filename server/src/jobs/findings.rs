//! Looking at photos once they are here with their records: after uploads and pushes, and on a timer for what a crash or
//! another node left behind.

use std::time::Duration;

use crate::app::{AppResult, AppState, findings};

/// How long a visit waits at most for a wake-up that was lost.
///
/// # Source
/// A reviewer's patience: what comes through another node wakes that node only.
const SWEEP: Duration = Duration::from_secs(30);

/// Looks at the photos of visits that are due, unless another node does; returns how many visits were settled.
///
/// # Errors
/// As [`findings::evaluate_due`]; what was not settled stays due.
pub async fn run_due(state: &AppState) -> AppResult<usize> {
    // A lease costs a connection, and most wake-ups are for something else.
    if !findings::is_any_due(state).await? {
        return Ok(0);
    }
    let settled = super::alone(state, "findings", findings::evaluate_due(state)).await?;
    Ok(settled.unwrap_or_default())
}

/// Runs the job for the life of the process.
///
/// # Concurrency
/// Stopping it at any moment loses nothing: what was not settled stays due.
pub async fn run(state: AppState) {
    loop {
        match run_due(&state).await {
            Ok(0) => {}
            Ok(visits) => tracing::info!(visits, "photos were looked at"),
            Err(error) => tracing::error!(%error, "looking at photos failed; they stay due"),
        }
        // An elapsed timer and a wake-up mean the same.
        let _ = tokio::time::timeout(SWEEP, state.findings.woken()).await;
    }
}
