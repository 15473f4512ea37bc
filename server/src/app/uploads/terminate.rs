//! Ending an upload at the wish of its sender.

use doorstep_store::uploads;
use sync_core::ids::UploadId;

use super::standing::{Claimed, claim, load, staged_of};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};

/// Forgets an upload that is not finished.
///
/// # Errors
/// As [`show_upload`](super::show_upload), also `upload_locked` if a later request has it by now; `upload_finished` if it
/// has become a blob, which stays.
pub async fn terminate_upload(state: &AppState, ctx: &Ctx, id: UploadId) -> AppResult<()> {
    let Claimed::Open(row, _turn) = claim(state, ctx, id, usize::MAX).await? else {
        return Err(ErrorCode::UploadFinished.into());
    };
    // Whoever had the turn before may have told that something of it is kept.
    let row = load(state, ctx, row.id.0).await?;
    let (org, device, now_ms) = (row.org_id.0, row.device_id.0, ctx.now.0);
    let ended = state.store.write(move |conn| {
        if uploads::terminate_upload(conn, org, id, now_ms)? {
            return Ok::<_, AppError>(true);
        }
        // Another node was faster.
        match uploads::load_upload(conn, org, device, id)?.blob_sha256 {
            Some(_) => Err(ErrorCode::UploadFinished.into()),
            None => Ok(false),
        }
    });
    ended.await?;
    Ok(state.staging.forget(staged_of(&row)).await?)
}
