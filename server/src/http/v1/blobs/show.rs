//! GET `/v1/blobs/{sha256}`

use actix_web::{HttpRequest, HttpResponse, web};
use sync_core::bytes::Hash;

use super::serve::serve_original;
use crate::app::blobs::find_original;
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::{BytesProblems, Problems};

/// Gives an original, exactly as it was captured
///
/// Only blobs that a visit within the asker's reach names; anything else is answered as absent. The content type
/// comes from the content. Every reading of all or some of its bytes is an audit event; to be told that one's copy is
/// still good, or by `HEAD` what it is, is none. All of it is checked against its name before the first byte, a range is
/// not. Whoever takes none of it for half a minute, or less than 1 KiB/s over a minute, is cut off.
///
/// # Errors
/// `not_found`, `range_invalid` for a range behind the end, `overloaded` if too many originals are being sent,
/// `too_many_downloads` if eight of them to this person.
#[utoipa::path(get, path = "/v1/blobs/{sha256}", operation_id = "show_blob", tag = "blobs",
    params(("sha256" = Hash, Path, description = "SHA-256 of the content, lower-case hex"),
        ("Range" = Option<String>, Header, description = "One byte range", example = "bytes=0-1023"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that is known already")),
    responses(
        (status = 200, description = "The original", content(
            (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/heic"),
            (Vec<u8> = "image/avif"), (Vec<u8> = "application/pdf"), (Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/mp4"),
            (Vec<u8> = "audio/aac"), (Vec<u8> = "audio/amr"), (Vec<u8> = "audio/ogg"), (Vec<u8> = "audio/wav"),
            (Vec<u8> = "audio/flac"), (Vec<u8> = "video/mp4"), (Vec<u8> = "video/3gpp"), (Vec<u8> = "video/3gpp2"),
            (Vec<u8> = "video/quicktime"), (Vec<u8> = "video/webm"), (Vec<u8> = "video/mpeg"),
            (Vec<u8> = "application/octet-stream")),
            headers(("ETag" = String, description = "The SHA-256"))),
        (status = 206, description = "The range asked for", content(
            (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/heic"),
            (Vec<u8> = "image/avif"), (Vec<u8> = "application/pdf"), (Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/mp4"),
            (Vec<u8> = "audio/aac"), (Vec<u8> = "audio/amr"), (Vec<u8> = "audio/ogg"), (Vec<u8> = "audio/wav"),
            (Vec<u8> = "audio/flac"), (Vec<u8> = "video/mp4"), (Vec<u8> = "video/3gpp"), (Vec<u8> = "video/3gpp2"),
            (Vec<u8> = "video/quicktime"), (Vec<u8> = "video/webm"), (Vec<u8> = "video/mpeg"),
            (Vec<u8> = "application/octet-stream"))),
        (status = 304, description = "The sender has it already"),
        BytesProblems, Problems),
    security(("bearer" = [])))]
pub async fn show_blob(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    Path(sha256): Path<Hash>,
) -> Result<HttpResponse, ApiError> {
    let original = find_original(&state, ctx, sha256).await?;
    serve_original(&request, &state, sha256, original).await
}
