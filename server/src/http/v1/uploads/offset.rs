//! HEAD `/v1/uploads/{upload_id}`

use actix_web::{HttpRequest, HttpResponse, web};
use sync_core::ids::UploadId;

use super::headers::tell;
use crate::app::uploads::show_upload;
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::{Problems, UploadProblems};
use crate::http::tus;

/// Tells how far an upload has come
///
/// What is told is on stable storage and stays: a connection that nobody hears any more adds nothing to it. An upload of
/// which everything has arrived is finished, and its receipt is there; where that is not what was declared, the offset is
/// 0: it begins anew.
///
/// # Errors
/// `not_found` if this device has no such upload, `upload_expired` if it has ended without becoming a file;
/// `upload_locked` if another server goes on with it at this moment.
#[utoipa::path(head, path = "/v1/uploads/{upload_id}", operation_id = "show_upload_offset", tag = "uploads",
    params(("upload_id" = UploadId, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses(
        (status = 200, description = "It exists",
            headers(("Upload-Offset" = u64, description = "How much has arrived"),
                ("Upload-Length" = u64, description = "Size of the whole, if it is known"),
                ("Upload-Defer-Length" = u64, description = "`1` if it is not"),
                ("Upload-Metadata" = String, description = "As sent, if it was"),
                ("Upload-Expires" = String, description = "When it expires, unless it is finished"),
                ("Doorstep-Receipt" = String, description = "The held receipt, if it is finished"))),
        Problems, UploadProblems),
    security(("bearer" = [])))]
pub async fn show_upload_offset(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    Path(id): Path<UploadId>,
) -> Result<HttpResponse, ApiError> {
    tus::check_version(&request)?;
    let standing = show_upload(&state, &ctx, id).await?;
    let mut response = HttpResponse::Ok();
    tell(&mut response, &standing);
    match standing.length {
        Some(length) => response.insert_header((tus::UPLOAD_LENGTH, length)),
        None => response.insert_header((tus::UPLOAD_DEFER_LENGTH, "1")),
    };
    if !standing.metadata.is_empty() {
        response.insert_header((tus::UPLOAD_METADATA, standing.metadata));
    }
    Ok(response.finish())
}
