//! GET `/v1/photos/links/{link}`

use actix_web::{HttpRequest, HttpResponse, web};

use super::serve::serve;
use crate::app::AppState;
use crate::app::blobs::read_linked;
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::{BytesProblems, PublicProblems};

/// Shows the copy of a photo that a link names
///
/// Upright JPEG without the metadata of the original. The link is all that is needed; `create_photo_links` gives it.
///
/// # Errors
/// `not_found` for what is no link of this server, `link_expired`, `preview_pending` until the copy is made,
/// `no_preview` with the reason.
#[utoipa::path(get, path = "/v1/photos/links/{link}", operation_id = "show_linked_photo", tag = "blobs",
    params(("link" = String, Path, description = "The link", example = "AQIAAAGcqWq4AA"),
        ("Range" = Option<String>, Header, description = "One byte range", example = "bytes=0-1023"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that is known already")),
    responses(
        (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/jpeg",
            headers(("ETag" = String, description = "The SHA-256 of the copy"))),
        (status = 206, description = "The range asked for", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 304, description = "The sender has it already"),
        (status = 404, description = "No link of this server, or no such copy",
            body = crate::http::error::Problem, content_type = "application/problem+json"),
        BytesProblems, PublicProblems))]
pub async fn show_linked_photo(
    state: web::Data<AppState>,
    request: HttpRequest,
    Path(link): Path<String>,
) -> Result<HttpResponse, ApiError> {
    let content = read_linked(&state, &link).await?;
    serve(&request, content)
}
