//! GET `/v1/blobs/{sha256}/drawing`

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use sync_core::bytes::Hash;

use super::serve::serve;
use crate::app::blobs::draw_ink;
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::{BytesProblems, Problems};

/// Shows a signature as a picture
///
/// Drawn of the strokes of the ink blob, the same for the same ink. Every look at it is an audit event, as the reading of an
/// original.
///
/// # Errors
/// `not_found`, `no_preview` with reason `no_ink` for a blob that holds no strokes.
#[utoipa::path(get, path = "/v1/blobs/{sha256}/drawing", operation_id = "show_blob_drawing", tag = "blobs",
    params(("sha256" = Hash, Path, description = "SHA-256 of the ink blob, lower-case hex"),
        ("Range" = Option<String>, Header, description = "One byte range", example = "bytes=0-1023"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that is known already")),
    responses(
        (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/svg+xml",
            headers(("ETag" = String, description = "The SHA-256 of the picture"))),
        (status = 206, description = "The range asked for", body = Vec<u8>, content_type = "image/svg+xml"),
        (status = 304, description = "The sender has it already"),
        BytesProblems, Problems),
    security(("bearer" = [])))]
pub async fn show_blob_drawing(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    Path(sha256): Path<Hash>,
) -> Result<HttpResponse, ApiError> {
    let content = draw_ink(&state, ctx, sha256).await?;
    let mut response = serve(&request, content)?;
    // A picture that a browser keeps would be looked at again without an event.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}
