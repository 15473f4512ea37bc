//! PATCH `/v1/uploads/{upload_id}`

use actix_web::{HttpRequest, HttpResponse, web};
use sync_core::ids::UploadId;

use super::headers::{check_kind, part, tell};
use crate::app::uploads::append_upload as append;
use crate::app::{AppState, Ctx, ErrorCode, Refusal};
use crate::http::body::Upload;
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::{Problems, UploadProblems};
use crate::http::place::move_to_uploads;
use crate::http::tus;

/// Goes on with an upload
///
/// Appends the body at `Upload-Offset`, which must be where the upload stopped. What arrived before the connection broke
/// off is kept, except under an `Upload-Checksum`, where all of the body counts or none. The answer means that the
/// bytes up to its `Upload-Offset` are on stable storage. With the last byte the whole is checked against its `sha256`
/// and stored as with `put_blob`: the answer holds the receipt that permits the phone to free its copy. The last part
/// sent again is answered alike, at its offset with the bytes that are stored, or without a body at the offset behind
/// them; other bytes are refused and change nothing. A new request for an upload takes it from a
/// connection that nobody hears any more.
///
/// # Errors
/// `offset_conflict` with the true offset in `actual` and in the header `Upload-Offset`; `offset_invalid`,
/// `media_type_unsupported` unless it is `application/offset+octet-stream`, `photo_too_large` if there is no room for
/// the body, of which nothing is kept; `upload_mismatch` if the body is not what its checksum says, with the offset as
/// before, or not what was stored where the last part is sent again, or the whole is not what its `sha256` says, with the
/// offset 0; `upload_length_invalid` if the length was said
/// otherwise before; `upload_locked` if a later request has it by now; `upload_expired`; `too_many_uploads` if four others
/// of this device are under way.
#[utoipa::path(patch, path = "/v1/uploads/{upload_id}", operation_id = "append_upload", tag = "uploads",
    params(("upload_id" = UploadId, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Offset" = u64, Header, description = "Where the body belongs"),
        ("Upload-Length" = Option<u64>, Header, description = "Size of the whole, if it was left open"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256` and the digest of the body in base64")),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream", description = "The bytes"),
    responses(
        (status = 204, description = "On stable storage",
            headers(("Upload-Offset" = u64, description = "How much has arrived"),
                ("Upload-Expires" = String, description = "When it expires, unless it is finished"),
                ("Doorstep-Receipt" = String, description = "The held receipt, if it is finished"))),
        Problems, UploadProblems),
    security(("bearer" = [])))]
pub async fn append_upload(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    Path(id): Path<UploadId>,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    tus::check_version(&request)?;
    check_kind(&request)?;
    let offset = tus::bytes(&request, tus::UPLOAD_OFFSET, ErrorCode::OffsetInvalid)?;
    let expected = || Refusal::new(ErrorCode::OffsetInvalid).field("Upload-Offset", "a number of bytes");
    let length = tus::bytes(&request, tus::UPLOAD_LENGTH, ErrorCode::UploadLengthInvalid)?;
    let part = part(&request, offset.ok_or_else(expected)?, length)?;
    let _place = move_to_uploads(&request, &state)?;
    let body = Upload::new(body.into_inner(), &state.config.limits);
    let standing = append(&state, &ctx, id, part, body).await?;
    let mut response = HttpResponse::NoContent();
    tell(&mut response, &standing);
    Ok(response.finish())
}
