//! The small copies of photos as something that can be compared.

use doorstep_media::Sample;
use doorstep_store::blobs;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

use super::DerivedSize;
use crate::app::{AppError, AppResult, AppState};
use crate::ports::BlobError;

/// The sample of a photo, of its small copy; nothing where there is none: one that was lost is made again, and the photo is
/// compared with it when it is looked at the next time.
///
/// # Errors
/// Those of storage that gives no answer.
pub(in crate::app) async fn read_sample(state: &AppState, org: OrgId, sha256: Hash) -> AppResult<Option<Sample>> {
    let bytes = match state.blobs.read_derived(org, &DerivedSize::Thumbnail.name(sha256)).await {
        Err(BlobError::NotFound) => {
            state.store.write(move |conn| blobs::ingest_again(conn, org, sha256)).await?;
            state.ingest.wake();
            return Ok(None);
        }
        bytes => bytes?,
    };
    sample_of(org, sha256, bytes).await
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
