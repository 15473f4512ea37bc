//! What a visit has: photos, documents, sound and moving pictures.

use std::collections::BTreeMap;

use doorstep_store::blobs::BlobRow;
use doorstep_store::projections::{self, PhotoRow};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;

use super::read::list_openable;
use crate::app::{AppError, AppResult, AppState, Ctx, reach};

/// A declared blob, and what is here of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitBlob {
    /// The record that declares it.
    pub declared: PhotoRow,
    /// The blob; absent until it has arrived, and for whoever may not open it.
    pub stored: Option<BlobRow>,
}

/// Lists the blobs that the records of a visit declare, in operation order; also those that were withdrawn or replaced.
///
/// Of a blob that the asker may not open, as a colleague's whose hash he has named, nothing is told but what the record
/// declares.
///
/// # Errors
/// `not_found` if the visit is absent or out of reach.
pub async fn list_visit_blobs(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<Vec<VisitBlob>> {
    let org = ctx.actor.org;
    let list = move |conn: &mut _| {
        let row = reach::load_visit(conn, &ctx, visit)?;
        let declared = projections::list_photos(conn, org, visit)?;
        let names = Vec::from_iter(declared.iter().map(|photo| photo.sha256.0));
        let openable = list_openable(conn, &ctx, &row, &names)?.into_iter();
        let here: BTreeMap<Hash, BlobRow> = openable.map(|blob| (blob.sha256.0, blob)).collect();
        // Two records may declare the same bytes.
        let with_stored = |declared: PhotoRow| VisitBlob { stored: here.get(&declared.sha256.0).cloned(), declared };
        Ok::<_, AppError>(declared.into_iter().map(with_stored).collect())
    };
    state.store.read(list).await
}
