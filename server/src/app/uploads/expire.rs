//! Ending uploads that nobody goes on with.

use doorstep_store::uploads::{self, UploadRow};
use sync_core::time::UnixMillis;

use super::finish::finish;
use super::standing::{KEPT_MS, key_of, length_of};
use crate::app::{AppError, AppResult, AppState, ErrorCode};

/// Uploads that are looked at together.
const AT_ONCE: i64 = 500;

/// How long the row of an upload is kept that has ended: for so long its name still says what became of it.
///
/// # Units
/// Milliseconds.
const ENDED_KEPT_MS: i64 = 90 * 24 * 3600 * 1000;

/// Ends the uploads that are silent for too long and forgets their bytes; tells how many.
///
/// They have expired for everybody already: nobody goes on with one meanwhile. One of which every byte is here becomes
/// the blob that it was to be: only its sender never heard so. What is finished is never touched.
///
/// # Errors
/// Those of the database; what the storage refuses is told in the log, and tried again by the next run.
pub async fn expire_uploads(state: &AppState, now: UnixMillis) -> AppResult<usize> {
    let before_ms = now.0.saturating_sub(KEPT_MS);
    let list = move |conn: &mut _| Ok::<_, AppError>(uploads::list_silent_uploads(conn, before_ms, AT_ONCE)?);
    let mut ended = 0_usize;
    loop {
        let silent = state.store.read(list).await?;
        let before = ended;
        for row in &silent {
            match end(state, row, before_ms, now).await {
                Ok(is_ours) => ended = ended.saturating_add(usize::from(is_ours)),
                Err(error) => {
                    tracing::error!(org = %row.org_id.0, upload = %row.id.0, %error, "a silent upload could not be ended");
                }
            }
        }
        // What failed would come again at once.
        if ended == before {
            return Ok(ended);
        }
    }
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
    let staged = state.staging.open(key_of(row)).await?;
    if length_of(row) == Some(staged.bytes()) {
        match finish(state, row, staged).await {
            Err(error) if error.code() == ErrorCode::UploadMismatch => {}
            finished => return finished.map(|_standing| true),
        }
    } else {
        drop(staged);
    }
    let (org, id) = (row.org_id.0, row.id.0);
    let expire = move |conn: &mut _| Ok::<_, AppError>(uploads::expire_upload(conn, org, id, before_ms, now.0)?);
    // The row first: bytes of an upload that goes on are never forgotten, and leftovers go in the end.
    let is_ours = state.store.write(expire).await?;
    if is_ours && let Err(error) = state.staging.forget(key_of(row)).await {
        tracing::warn!(%org, upload = %id, %error, "an expired upload could not be forgotten");
    }
    Ok(is_ours)
}
