//! The small copies of photos as something that can be compared.

use doorstep_media::Sample;
use doorstep_store::{Conn, blobs};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

use super::DerivedSize;
use crate::app::{AppError, AppResult, AppState};
use crate::ports::BlobError;

/// The sample of a photo, of its small copy; nothing where none can be made.
///
/// # Errors
/// Those of storage that gives no answer; `NotFound` of a copy that was lost and is made again.
pub(in crate::app) async fn read_sample(state: &AppState, org: OrgId, sha256: Hash) -> AppResult<Option<Sample>> {
    match state.blobs.read_derived(org, &DerivedSize::Thumbnail.name(sha256)).await {
        Err(error @ BlobError::NotFound) => {
            let is_made_again = state.store.write(move |conn| make_again(conn, org, sha256)).await?;
            state.ingest.wake();
            if is_made_again { Err(error.into()) } else { Ok(None) }
        }
        bytes => sample_of(org, sha256, bytes?).await,
    }
}

/// Has a lost copy made again, unless that is under way; false where it was tried in vain.
fn make_again(conn: &mut Conn, org: OrgId, sha256: Hash) -> AppResult<bool> {
    let blob = blobs::find_blob(conn, org, sha256)?;
    let state = blob.as_ref().map(|blob| blob.preview_state.as_str());
    if state == Some("ready") {
        blobs::ingest_again(conn, org, sha256)?;
    }
    Ok(matches!(state, Some("ready" | "pending")))
}

/// The sample that a small copy makes; nothing where it makes none.
///
/// # Errors
/// If the work is cut off.
pub(in crate::app) async fn sample_of(org: OrgId, sha256: Hash, bytes: Vec<u8>) -> AppResult<Option<Sample>> {
    let sample = tokio::task::spawn_blocking(move || Sample::of(&bytes)).await;
    let sample = sample.map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(sample.inspect_err(|error| tracing::warn!(%org, %sha256, %error, "a small copy cannot be compared")).ok())
}
