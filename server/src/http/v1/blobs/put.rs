//! PUT `/v1/blobs/{sha256}`

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_RANGE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use sync_core::bytes::Hash;
use utoipa::ToSchema;

use crate::app::blobs::{Portion, StoredBlob, receive_blob};
use crate::app::{AppResult, AppState, Ctx, ErrorCode, Refusal};
use crate::http::body::Upload;
use crate::http::error::{ApiError, Problem};
use crate::http::extract::Path;
use crate::http::openapi::Problems;
use crate::http::place::move_to_uploads;

/// A blob that is durable at the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoredBlobOut {
    /// Its name: SHA-256 of the content.
    pub sha256: Hash,
    /// Its size.
    #[schema(example = 2_480_112)]
    pub bytes: i64,
    /// Held receipt (compact JWS, EdDSA) that names exactly this blob; the header `Doorstep-Receipt` holds it too.
    #[schema(example = "eyJhbGciOiJFZERTQSIsImtpZCI6IuKApiIsInR5cCI6ImRvb3JzdGVwLXJlY2VpcHQifQ.eyJ2IjoxfQ.c2ln")]
    pub receipt: String,
}

/// Stores a photo or another blob
///
/// The body is the raw content; its SHA-256 must be the name in the path. The answer means that the bytes are on
/// stable storage; the receipt permits the phone to free its copy. Sending a blob again has no effect and is
/// answered alike. An upload-only token suffices. Nobody can read a blob until a visit names it.
///
/// What arrived of an upload that broke off is kept for this device, for 24 hours. A request with
/// `Content-Range: bytes */TOTAL` and without a body asks for it: the answer is that of the finished upload if all of it
/// is here, else `upload_incomplete` with the number of bytes that are on stable storage in `actual`. The rest follows
/// with `Content-Range: bytes FROM-LAST/TOTAL`. A new request for a blob takes it from a connection that nobody hears any
/// more.
///
/// # Errors
/// `request_timeout` if the content stops arriving or trickles, `photo_too_large` with limit and size, `checksum_mismatch`
/// if the content is not what its name says (nothing is kept), `storage_quota` if the organisation has no room for it, or
/// this device for more that nothing names, `upload_incomplete` if the rest begins behind what has arrived,
/// `parameter_invalid` for a range of another form, `disk_full`; `too_many_uploads` if four others of this device are under
/// way, parts of uploads among them; `upload_locked` if a later request for the blob has taken it.
#[utoipa::path(put, path = "/v1/blobs/{sha256}", operation_id = "put_blob", tag = "blobs",
    params(("sha256" = Hash, Path, description = "SHA-256 of the content, lower-case hex"),
        ("Content-Range" = Option<String>, Header,
            description = "`bytes FROM-LAST/TOTAL` for the rest of an upload that broke off, `bytes */TOTAL` to ask")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The content"),
    responses(
        (status = 200, description = "Durable", body = StoredBlobOut,
            headers(("Doorstep-Receipt" = String, description = "The held receipt"))),
        (status = 423, description = "A later request for the blob has taken it", body = Problem,
            content_type = "application/problem+json"),
        Problems),
    security(("bearer" = [])))]
pub async fn put_blob(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    Path(sha256): Path<Hash>,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let _place = move_to_uploads(&request, &state)?;
    let body = Upload::new(body.into_inner(), &state.config.limits);
    let portion = portion(&request)?;
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let StoredBlob { sha256, bytes, receipt, .. } = receive_blob(&state, ctx, sha256, portion, declared, body).await?;
    Ok(HttpResponse::Ok().insert_header(("Doorstep-Receipt", receipt.clone())).json(StoredBlobOut {
        sha256,
        bytes,
        receipt,
    }))
}

/// What the headers say about the bytes to come.
fn portion(request: &HttpRequest) -> AppResult<Portion> {
    let Some(header) = request.headers().get(CONTENT_RANGE) else { return Ok(Portion::Whole) };
    header.to_str().ok().and_then(read_range).ok_or_else(|| {
        Refusal::new(ErrorCode::ParameterInvalid)
            .field("Content-Range", "bytes FROM-LAST/TOTAL up to the last byte, or bytes */TOTAL")
            .into()
    })
}

/// Reads `bytes FROM-LAST/TOTAL`, which must reach the end, or `bytes */TOTAL`.
fn read_range(text: &str) -> Option<Portion> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let total: u64 = total.parse().ok()?;
    if range == "*" {
        return Some(Portion::Nothing);
    }
    let (from, last) = range.split_once('-')?;
    let (from, last): (u64, u64) = (from.parse().ok()?, last.parse().ok()?);
    (from <= last && last.checked_add(1)? == total).then_some(Portion::Rest { from, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_reaches_the_end_or_asks() {
        assert_eq!(read_range("bytes 5-9/10"), Some(Portion::Rest { from: 5, total: 10 }));
        assert_eq!(read_range("bytes 0-9/10"), Some(Portion::Rest { from: 0, total: 10 }));
        assert_eq!(read_range("bytes */10"), Some(Portion::Nothing));
        for faulty in [
            "bytes 5-8/10",
            "bytes 9-5/10",
            "bytes 5-9/*",
            "bytes 5-/10",
            "items 5-9/10",
            "bytes=5-9/10",
            "",
            "bytes 0-18446744073709551615/18446744073709551616",
            "bytes 1-18446744073709551615/0",
            "bytes -1-9/10",
        ] {
            assert_eq!(read_range(faulty), None, "{faulty}");
        }
    }
}
