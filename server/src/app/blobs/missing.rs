//! Which declared blobs of a visit have not arrived.

use doorstep_store::{blobs, projections};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;

use crate::app::{AppError, AppResult, AppState, Ctx, reach};

/// A declared blob that is not durable here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingBlob {
    /// Its name.
    pub sha256: Hash,
    /// Photo record that declares it; absent for parts of a statement.
    pub photo_id: Option<String>,
    /// Template slot of the photo.
    pub slot: Option<String>,
    /// Declared size.
    pub bytes: Option<i64>,
}

/// Lists what a visit declares and the server does not hold: photos in operation order, then parts of
/// statements.
///
/// # Errors
/// `not_found` if the visit is absent or out of reach.
pub async fn list_missing_blobs(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<Vec<MissingBlob>> {
    state
        .store
        .read(move |conn| {
            reach::load_visit(conn, &ctx, visit)?;
            let mut missing = blobs::list_missing(conn, ctx.actor.org, visit)?;
            let photos = projections::list_photos(conn, ctx.actor.org, visit)?;
            let mut found = Vec::new();
            for photo in photos.into_iter().filter(|photo| missing.contains(&photo.sha256.0)) {
                found.push(MissingBlob {
                    sha256: photo.sha256.0,
                    photo_id: Some(photo.photo_id),
                    slot: Some(photo.slot),
                    bytes: Some(photo.bytes),
                });
            }
            for blob in &found {
                missing.remove(&blob.sha256);
            }
            let others = missing.into_iter();
            found.extend(others.map(|sha256| MissingBlob { sha256, photo_id: None, slot: None, bytes: None }));
            Ok::<_, AppError>(found)
        })
        .await
}
