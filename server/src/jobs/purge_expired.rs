//! Forgets what the database keeps for a time only: answers to idempotency keys, uploads that broke off.

use std::time::Duration;

use doorstep_store::idempotency::delete_keys_before;
use sync_core::time::UnixMillis;

use super::alone;
use crate::app::once::KEPT_MS;
use crate::app::storage_quota::mend_stored_bytes;
use crate::app::uploads::{expire_uploads, forget_ended_uploads};
use crate::app::{AppError, AppResult, AppState};

/// How often the job runs: an expired key is free without it, so an hour more of storage is all it costs.
const EVERY: Duration = Duration::from_secs(3600);

/// Runs of the job after which the bytes of blobs are compared with their count: once at the start, and then each day.
const RECOUNTED_EVERY: u64 = 24;

/// Runs the job at once and then every hour, until the process stops.
pub async fn run(state: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    for hour in 0_u64.. {
        ticks.tick().await;
        if hour.is_multiple_of(RECOUNTED_EVERY)
            && let Err(error) = alone(&state, "recount_stored", mend_stored_bytes(&state)).await
        {
            tracing::error!(%error, "counting the bytes of blobs failed");
        }
        if let Err(error) = alone(&state, "purge_expired", run_due(&state, state.clock.now())).await {
            tracing::error!(%error, "forgetting expired idempotency keys and uploads failed");
        }
    }
}

/// Deletes keys and ends uploads that have expired, and deletes rows of uploads that ended long ago; tells how many.
///
/// # Errors
/// Those of database and storage.
pub async fn run_due(state: &AppState, now: UnixMillis) -> AppResult<usize> {
    let before_ms = now.0.saturating_sub(KEPT_MS);
    let keys = state.store.write(move |conn| Ok::<_, AppError>(delete_keys_before(conn, before_ms)?)).await?;
    let ended = expire_uploads(state, now).await?;
    Ok(keys.saturating_add(ended).saturating_add(forget_ended_uploads(state, now).await?))
}
