//! The small copies of photos as something that can be compared.

use doorstep_media::Sample;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

use super::DerivedSize;
use crate::app::AppState;

/// The sample of a photo, of its small copy; nothing while there is none, which is no error: it is compared again when the
/// copy has been made.
pub(in crate::app) async fn read_sample(state: &AppState, org: OrgId, sha256: Hash) -> Option<Sample> {
    let read = state.blobs.read_derived(org, &DerivedSize::Thumbnail.name(sha256)).await;
    let bytes = read.inspect_err(|error| tracing::debug!(%org, %sha256, %error, "no small copy to compare")).ok()?;
    let sample = tokio::task::spawn_blocking(move || Sample::of(&bytes)).await.ok()?;
    sample.inspect_err(|error| tracing::warn!(%org, %sha256, %error, "a small copy cannot be compared")).ok()
}
