//! Ending uploads that nobody goes on with.

use doorstep_store::uploads::{self, UploadRow};
use sync_core::time::UnixMillis;

use super::finish::finish;
use super::standing::{EMPTY_KEPT_MS, KEPT_MS, length_of, staged_of};
use crate::app::{AppError, AppResult, AppState, ErrorCode};

/// How long an upload whose bytes are at another node is left for that node to end, which may have every byte of it.
///
/// # Units
/// Milliseconds.
const ELSEWHERE_KEPT_MS: i64 = 2 * KEPT_MS;

/// Uploads that are looked at together.
const AT_ONCE: i64 = 100;

/// How long the row of an upload is kept that has ended: for so long its name still says what became of it.
///
/// # Units
/// Milliseconds.
const ENDED_KEPT_MS: i64 = 90 * 24 * 3600 * 1000;

/// Ends the uploads that are silent for too long, those of which nothing has arrived sooner, and forgets their bytes;
/// tells how many.
///
/// They have expired for everybody already, and whoever goes on with an empty one says so in its row: nobody goes on
/// with one meanwhile. One of which every byte is here becomes the blob that it was to be: only its sender never heard
/// so. What is finished is never touched. Each is looked at once in a run, so that none that cannot be ended keeps
/// others.
///
/// # Errors
/// Those of the database; what the storage refuses is told in the log, and tried again by the next run.
pub async fn expire_uploads(state: &AppState, now: UnixMillis) -> AppResult<usize> {
    let before_ms = now.0.saturating_sub(EMPTY_KEPT_MS);
    let (mut ended, mut last) = (0_usize, None);
    loop {
        let after = last.take();
        let list = move |conn: &mut _| {
            Ok::<_, AppError>(uploads::list_silent_uploads(conn, before_ms, after.as_ref(), AT_ONCE)?)
        };
        let silent = state.store.read(list).await?;
        for row in &silent {
            match end_if_due(state, row, now).await {
                Ok(is_ours) => ended = ended.saturating_add(usize::from(is_ours)),
                Err(error) => {
                    tracing::error!(org = %row.org_id.0, upload = %row.id.0, %error, "a silent upload could not be ended");
                }
            }
        }
        last = silent.into_iter().next_back();
        if last.is_none() {
            return Ok(ended);
        }
    }
}

/// Ends one upload if it has been silent for long enough; false if not, or if another node was faster.
async fn end_if_due(state: &AppState, row: &UploadRow, now: UnixMillis) -> AppResult<bool> {
    let before_ms = now.0.saturating_sub(KEPT_MS);
    if row.touched_at_ms <= before_ms {
        let is_elsewhere = row.arrived_at_ms.is_some()
            && row.touched_at_ms > now.0.saturating_sub(ELSEWHERE_KEPT_MS)
            && state.staging.received(staged_of(row)).await? == 0;
        return if is_elsewhere { Ok(false) } else { end(state, row, before_ms, now).await };
    }
    // What lies at another node is seen in the row alone.
    if row.arrived_at_ms.is_some() || state.staging.received(staged_of(row)).await? > 0 {
        return Ok(false);
    }
    end(state, row, now.0.saturating_sub(EMPTY_KEPT_MS), now).await
}

/// Deletes the rows of uploads that ended long ago; tells how many.
///
/// # Errors
/// Those of the database.
pub async fn forget_ended_uploads(state: &AppState, now: UnixMillis) -> AppResult<usize> {
    let before_ms = now.0.saturating_sub(ENDED_KEPT_MS);
    state.store.write(move |conn| Ok::<_, AppError>(uploads::delete_uploads_before(conn, before_ms)?)).await
}

/// Ends one upload, as a blob where it can; false if another node was faster.
async fn end(state: &AppState, row: &UploadRow, before_ms: i64, now: UnixMillis) -> AppResult<bool> {
    let staged = state.staging.open(staged_of(row)).await?;
    if length_of(row) == Some(staged.bytes()) {
        match finish(state, row, staged).await {
            Err(error) if error.code() == ErrorCode::UploadMismatch => {}
            finished => return finished.map(|_standing| true),
        }
    } else {
        drop(staged);
    }
    let (org, id) = (row.org_id.0, row.id.0);
    let seen = row.clone();
    let expire = move |conn: &mut _| Ok::<_, AppError>(uploads::expire_upload(conn, &seen, before_ms, now.0)?);
    // The row first: bytes of an upload that goes on are never forgotten, and leftovers go in the end.
    let is_ours = state.store.write(expire).await?;
    if is_ours && let Err(error) = state.staging.forget(staged_of(row)).await {
        tracing::warn!(%org, upload = %id, %error, "an expired upload could not be forgotten");
    }
    Ok(is_ours)
}
