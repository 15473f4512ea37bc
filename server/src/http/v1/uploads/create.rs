//! POST `/v1/uploads`

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};

use super::headers::{check_kind, has_body, has_kind, part, tell};
use crate::app::uploads::{Metadata, create_upload as create, create_upload_with as create_with};
use crate::app::{AppResult, AppState, Ctx, ErrorCode, Refusal};
use crate::domain::Operation;
use crate::http::body::Upload;
use crate::http::error::ApiError;
use crate::http::openapi::{Problems, UploadProblems};
use crate::http::place::move_to_uploads;
use crate::http::tus;

/// Begins an upload that may go on where it stops
///
/// The protocol is tus 1.0; any of its clients will do. `Upload-Metadata` may hold `sha256`, what the whole hashes to
/// (64 hex digits of either case or the 32 bytes, in base64 as every value): then nothing else is ever stored. It may hold `photo_id`.
/// The same device, photo, hash and size give the upload that exists, with its offset, and with its receipt if it is
/// finished: a lost answer costs nothing. A body of type `application/offset+octet-stream` is the beginning of the
/// bytes, if none has arrived; where they are refused, no upload is left behind. An upload without bytes is finished at
/// once. Upload-only tokens suffice. Creations count as calls.
///
/// # Errors
/// `tus_version_unsupported` without `Tus-Resumable: 1.0.0`; `upload_length_invalid` unless exactly one of
/// `Upload-Length` and `Upload-Defer-Length: 1` is there, `upload_metadata_invalid`, `photo_too_large`;
/// `too_many_uploads` if 200 of this device are unfinished; `storage_quota` if the organisation has stored as much as it
/// may, or this device as much as nothing names: until its length is said, an upload counts as the largest that is taken;
/// with a body as `append_upload`.
#[utoipa::path(post, path = "/v1/uploads", operation_id = "create_upload", tag = "uploads",
    params(("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Length" = Option<u64>, Header, description = "Size of the whole"),
        ("Upload-Defer-Length" = Option<u64>, Header, description = "`1` if the size follows later"),
        ("Upload-Metadata" = Option<String>, Header, description = "Pairs of key and base64 value, with commas between"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256` and the digest of the body in base64")),
    responses(
        (status = 201, description = "Begun, or found",
            headers(("Location" = String, description = "Where it goes on"),
                ("Upload-Offset" = u64, description = "How much has arrived"),
                ("Upload-Expires" = String, description = "When it expires, unless it is finished"),
                ("Doorstep-Receipt" = String, description = "The held receipt, if it is finished"))),
        Problems, UploadProblems),
    security(("bearer" = [])))]
pub async fn create_upload(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    tus::check_version(&request)?;
    let length = length(&request)?;
    let metadata = tus::text(&request, tus::UPLOAD_METADATA, ErrorCode::UploadMetadataInvalid)?;
    let metadata = Metadata::read(metadata.unwrap_or_default())?;
    if has_body(&request) {
        check_kind(&request)?;
    }
    let begin = part(&request, 0, None)?;
    let standing = if has_kind(&request)? {
        let _place = move_to_uploads(&request, &state)?;
        let body = Upload::new(body.into_inner(), &state.config.limits);
        create_with(&state, &ctx, length, metadata, begin, body).await?
    } else {
        create(&state, &ctx, length, metadata).await?
    };
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, format!("{}/{}", Operation::CreateUpload.row().path, standing.id)));
    tell(&mut response, &standing);
    Ok(response.finish())
}

/// The size of the whole; none if it follows later.
fn length(request: &HttpRequest) -> AppResult<Option<u64>> {
    let length = tus::bytes(request, tus::UPLOAD_LENGTH, ErrorCode::UploadLengthInvalid)?;
    match (length, tus::text(request, tus::UPLOAD_DEFER_LENGTH, ErrorCode::UploadLengthInvalid)?) {
        (Some(length), None) => Ok(Some(length)),
        (None, Some("1")) => Ok(None),
        _ => Err(Refusal::new(ErrorCode::UploadLengthInvalid)
            .field("Upload-Length", "either a number of bytes, or Upload-Defer-Length: 1")
            .into()),
    }
}
