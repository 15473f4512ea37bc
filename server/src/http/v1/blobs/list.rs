//! GET `/v1/visits/{visit_id}/blobs`

use actix_web::web;
use serde::Serialize;
use sync_core::bytes::Hash;
use sync_core::ids::{UserId, VisitId};
use sync_core::time::UnixMillis;
use utoipa::ToSchema;

use crate::app::blobs::{VisitBlob, list_visit_blobs as list};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A blob that a record of a visit declares.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitBlobOut {
    /// The record.
    #[schema(example = "01955f2c-3000-7000-8000-00000000a001")]
    pub photo_id: String,
    /// `photo`, `document`, `audio` or `video`, as the record says.
    #[schema(example = "document")]
    pub kind: String,
    /// Template slot.
    #[schema(example = "ont_stb")]
    pub slot: String,
    /// Name of the blob: SHA-256 of the content.
    pub sha256: Hash,
    /// Its size; as the record says until it has arrived, or if it is not the asker's to open.
    #[schema(example = 2_480_112)]
    pub bytes: i64,
    /// What it is: by its content once it has arrived, until then, or if it is not the asker's to open, as the record says.
    #[schema(example = "application/pdf")]
    pub media_type: String,
    /// When it was taken, by the server's clock as well as known.
    pub taken_at: Instant,
    /// Who took it.
    pub taken_by: UserId,
    /// Whether it was neither withdrawn nor replaced.
    pub is_current: bool,
    /// When it arrived; absent until then, or if it is not the asker's to open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Instant>,
    /// Whether there is a preview and a thumbnail that the asker may open.
    pub has_copies: bool,
}

impl From<VisitBlob> for VisitBlobOut {
    fn from(VisitBlob { declared, stored }: VisitBlob) -> Self {
        let (bytes, media_type) = match &stored {
            Some(blob) => (blob.bytes, blob.media_type.clone()),
            None => (declared.bytes, declared.media_type),
        };
        Self {
            photo_id: declared.photo_id,
            kind: declared.kind,
            slot: declared.slot,
            sha256: declared.sha256.0,
            bytes,
            media_type,
            taken_at: UnixMillis(declared.taken_at_ms).into(),
            taken_by: declared.taken_by.0,
            is_current: declared.is_current,
            received_at: stored.as_ref().map(|blob| UnixMillis(blob.received_at_ms).into()),
            has_copies: stored.is_some_and(|blob| blob.preview_state == "ready"),
        }
    }
}

/// What a visit has.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitBlobsOut {
    /// In the order of their records.
    pub items: Vec<VisitBlobOut>,
}

/// Lists the photos, documents, sounds and moving pictures of a visit
///
/// Also those that have not arrived, and those that were withdrawn or replaced. Parts of statements are not among them. Of
/// bytes that only somebody else has brought, a rep who names their hash is told nothing but what the record says.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/blobs", operation_id = "list_visit_blobs", tag = "blobs",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "What the visit has", body = VisitBlobsOut), Problems),
    security(("bearer" = [])))]
pub async fn list_visit_blobs(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
) -> Result<web::Json<VisitBlobsOut>, ApiError> {
    let found = list(&state, ctx, visit).await?;
    Ok(web::Json(VisitBlobsOut { items: found.into_iter().map(VisitBlobOut::from).collect() }))
}
