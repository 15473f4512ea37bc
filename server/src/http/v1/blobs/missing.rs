//! GET `/v1/visits/{visit_id}/missing-blobs`

use actix_web::web;
use serde::Serialize;
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use utoipa::ToSchema;

use crate::app::blobs::{self, MissingBlob};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// A blob that a visit declares and the server does not hold yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingBlobOut {
    /// Its name: SHA-256 of the content.
    pub sha256: Hash,
    /// Photo record that declares it; absent for parts of a statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "01955f2c-3000-7000-8000-00000000a001")]
    pub photo_id: Option<String>,
    /// Template slot of the photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ont_stb")]
    pub slot: Option<String>,
    /// Declared size.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2_480_112)]
    pub bytes: Option<i64>,
}

impl From<MissingBlob> for MissingBlobOut {
    fn from(blob: MissingBlob) -> Self {
        Self { sha256: blob.sha256, photo_id: blob.photo_id, slot: blob.slot, bytes: blob.bytes }
    }
}

/// What of a visit's evidence has not arrived.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingBlobsOut {
    /// Declared blobs that are not durable here; empty if the evidence is complete.
    pub items: Vec<MissingBlobOut>,
}

/// Lists the declared blobs of a visit that have not arrived
///
/// Photos first, in the order of their records, then parts of statements. Withdrawn photos are not awaited.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/missing-blobs", operation_id = "list_missing_blobs", tag = "blobs",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "What is missing", body = MissingBlobsOut), Problems),
    security(("bearer" = [])))]
pub async fn list_missing_blobs(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
) -> Result<web::Json<MissingBlobsOut>, ApiError> {
    let missing = blobs::list_missing_blobs(&state, ctx, visit).await?;
    Ok(web::Json(MissingBlobsOut { items: missing.into_iter().map(MissingBlobOut::from).collect() }))
}
