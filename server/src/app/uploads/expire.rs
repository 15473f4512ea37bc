//! Ending uploads that nobody goes on with.

use doorstep_store::uploads;
use sync_core::time::UnixMillis;

use super::standing::{KEPT_MS, key_of};
use crate::app::{AppError, AppResult, AppState};

/// Uploads that are looked at together.
const AT_ONCE: i64 = 500;

/// Ends the uploads that are silent for too long and forgets their bytes; tells how many.
///
/// They have expired for everybody already: nobody goes on with one meanwhile. What is finished is never touched.
///
/// # Errors
/// Those of database and storage.
pub async fn expire_uploads(state: &AppState, now: UnixMillis) -> AppResult<usize> {
    let before_ms = now.0.saturating_sub(KEPT_MS);
    let list = move |conn: &mut _| Ok::<_, AppError>(uploads::list_silent_uploads(conn, before_ms, AT_ONCE)?);
    let mut ended = 0_usize;
    loop {
        let silent = state.store.read(list).await?;
        if silent.is_empty() {
            return Ok(ended);
        }
        for row in &silent {
            // The bytes first: what the next run finds again, it forgets again.
            state.staging.forget(key_of(row)).await?;
        }
        ended = ended.saturating_add(silent.len());
        let end = move |conn: &mut _| {
            for row in &silent {
                uploads::expire_upload(conn, row.org_id.0, row.id.0, before_ms, now.0)?;
            }
            Ok::<_, AppError>(())
        };
        state.store.write(end).await?;
    }
}
