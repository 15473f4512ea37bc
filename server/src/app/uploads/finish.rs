//! The end of an upload: it becomes a blob like one that came in one piece.

use doorstep_store::Conn;
use doorstep_store::uploads::{self, UploadRow};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, UploadId};

use super::standing::{Standing, locked, staged_of};
use crate::app::blobs::{record_durable, row_of_durable};
use crate::app::{AppError, AppResult, AppState, ErrorCode};
use crate::ports::{BlobError, Staged};

/// Checks the hash, makes the blob durable, and then records it together with the end of the upload.
///
/// What is staged stays until the row is written: a process that dies in between loses nothing.
pub(super) async fn finish(state: &AppState, row: &UploadRow, staged: Box<dyn Staged>) -> AppResult<Standing> {
    let (org, device, id) = (row.org_id.0, row.device_id.0, row.id.0);
    let bytes = i64::try_from(staged.bytes()).unwrap_or(i64::MAX);
    let sha256 = match staged.publish(row.sha256.parse().ok()).await {
        Ok(sha256) => sha256,
        Err(BlobError::HashMismatch { .. }) => return Err(begin_anew(state, row).await),
        Err(BlobError::NotFound) => return Err(locked()),
        Err(error) => return Err(error.into()),
    };
    let blob = row_of_durable(state, org, device, sha256, bytes).await?;
    let now_ms = blob.received_at_ms;
    let also = move |conn: &mut Conn| end(conn, org, device, id, sha256, now_ms);
    let stored = record_durable(state, blob, also).await?;
    if let Err(error) = state.staging.forget(staged_of(row)).await {
        // It costs a name, until it is old enough: the bytes are the blob's.
        tracing::warn!(%org, upload = %id, %error, "a finished upload could not be forgotten");
    }
    Ok(Standing::finished(row, stored))
}

/// Notes that the upload is empty again, as by whose bytes were not what was declared; what is to be answered.
async fn begin_anew(state: &AppState, row: &UploadRow) -> AppError {
    if row.arrived_at_ms.is_some() {
        let seen = row.clone();
        let note = move |conn: &mut Conn| Ok::<_, AppError>(uploads::note_emptied(conn, &seen)?);
        if let Err(error) = state.store.write(note).await {
            // It is kept for longer than one of which nothing has arrived.
            tracing::warn!(upload = %row.id.0, %error, "an upload that is empty again could not be noted");
        }
    }
    ErrorCode::UploadMismatch.into()
}

fn end(conn: &mut Conn, org: OrgId, device: DeviceId, id: UploadId, sha256: Hash, now_ms: i64) -> AppResult<()> {
    let is_ours = uploads::finish_upload(conn, org, id, sha256, now_ms)?
        // Another node has finished it meanwhile.
        || uploads::load_upload(conn, org, device, id)?.blob_sha256.is_some();
    if is_ours { Ok(()) } else { Err(ErrorCode::UploadExpired.into()) }
}
