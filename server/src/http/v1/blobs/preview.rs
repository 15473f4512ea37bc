//! GET `/v1/blobs/{sha256}/preview`

use actix_web::{HttpRequest, HttpResponse, web};
use sync_core::bytes::Hash;

use super::serve::serve;
use crate::app::blobs::{DerivedSize, read_derived};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::{BytesProblems, Problems};

/// Shows a photo for judging
///
/// Upright JPEG of at most 1600 pixels, without the metadata of the original.
///
/// # Errors
/// `not_found`, `preview_pending` until it is made, `no_preview` with the reason.
#[utoipa::path(get, path = "/v1/blobs/{sha256}/preview", operation_id = "show_blob_preview", tag = "blobs",
    params(("sha256" = Hash, Path, description = "SHA-256 of the original, lower-case hex"),
        ("Range" = Option<String>, Header, description = "One byte range", example = "bytes=0-1023"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that is known already")),
    responses(
        (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/jpeg",
            headers(("ETag" = String, description = "The SHA-256 of the copy"))),
        (status = 206, description = "The range asked for", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 304, description = "The sender has it already"),
        BytesProblems, Problems),
    security(("bearer" = [])))]
pub async fn show_blob_preview(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    Path(sha256): Path<Hash>,
) -> Result<HttpResponse, ApiError> {
    let content = read_derived(&state, ctx, sha256, DerivedSize::Preview).await?;
    serve(&request, content)
}
