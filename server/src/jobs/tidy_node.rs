//! Tidies what belongs to a process and its directory rather than to the database: on every node, whoever runs the jobs.

use std::time::Duration;

use crate::app::AppState;

/// How often the memory of rate limits is tidied: counts last a minute or two, and one takes less than a hundred bytes.
const EVERY: Duration = Duration::from_secs(60);

/// Of so many runs one looks at the files too: an hour more of storage is all it costs.
const FILES_EVERY: u64 = 60;

/// How long a body that broke off is kept: a phone that stays away longer sends the blob from its beginning.
///
/// # Source
/// As long as an upload of which nothing has arrived: neither has a row that counts for a quota.
const PARTS_KEPT: Duration = Duration::from_secs(24 * 3600);

/// How long files of uploads are kept that nobody goes on with: longer than any upload lasts that has a row.
const LEFTOVERS_KEPT: Duration = Duration::from_secs(60 * 24 * 3600);

/// Runs the job at once and then every minute, until the process stops.
pub async fn run(state: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    for minute in 0_u64.. {
        ticks.tick().await;
        state.rates.forget_rested();
        if minute.is_multiple_of(FILES_EVERY) {
            forget_leftovers(&state).await;
        }
    }
}

async fn forget_leftovers(state: &AppState) {
    match state.blobs.forget_parts(PARTS_KEPT).await {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "bodies that broke off were forgotten"),
        Err(error) => tracing::error!(%error, "forgetting bodies that broke off failed"),
    }
    match state.staging.forget_unchanged(LEFTOVERS_KEPT).await {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "leftovers of uploads were forgotten"),
        Err(error) => tracing::error!(%error, "forgetting leftovers of uploads failed"),
    }
}
