//! DELETE `/v1/uploads/{upload_id}`

use actix_web::{HttpRequest, HttpResponse, web};
use sync_core::ids::UploadId;

use crate::app::uploads::terminate_upload as terminate;
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::{Problems, UploadProblems};
use crate::http::tus;

/// Ends an upload
///
/// What has arrived of it is forgotten, and nobody goes on with it. What is finished is evidence and stays.
///
/// # Errors
/// `upload_finished` if it is finished; `not_found` if this device has no such upload, `upload_expired` if it has ended;
/// `upload_locked` if another request goes on with it at this moment: ask how it stands, and end it again if it is open.
#[utoipa::path(delete, path = "/v1/uploads/{upload_id}", operation_id = "terminate_upload", tag = "uploads",
    params(("upload_id" = UploadId, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses((status = 204, description = "Forgotten"), Problems, UploadProblems),
    security(("bearer" = [])))]
pub async fn terminate_upload(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    Path(id): Path<UploadId>,
) -> Result<HttpResponse, ApiError> {
    tus::check_version(&request)?;
    terminate(&state, &ctx, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
