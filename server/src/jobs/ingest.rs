//! Ingest of uploaded pictures: after uploads, and on a timer for what a crash left behind.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::app::{AppResult, AppState, blobs};

/// How long a pending picture waits at most for a wake-up that was lost.
///
/// # Source
/// A reviewer's patience: an upload through another node wakes that node only.
const SWEEP: Duration = Duration::from_secs(30);

/// Ingests pictures that are due and returns how many were settled.
///
/// # Errors
/// As [`blobs::ingest_pending`]; what failed stays pending.
pub async fn run_due(state: &AppState) -> AppResult<usize> {
    blobs::ingest_pending(state).await
}

/// Runs the job for the life of the process; abort the handle to stop it.
///
/// # Concurrency
/// Stopping it at any moment loses nothing: unfinished pictures stay pending.
pub fn spawn(state: AppState) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            if let Err(error) = run_due(&state).await {
                tracing::error!(%error, "pictures failed; they stay pending");
            }
            // An elapsed timer and a wake-up mean the same.
            let _ = tokio::time::timeout(SWEEP, state.ingest.woken()).await;
        }
    })
}
