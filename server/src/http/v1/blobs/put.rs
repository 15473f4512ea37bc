//! PUT `/v1/blobs/{sha256}`

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use sync_core::bytes::Hash;
use utoipa::ToSchema;

use crate::app::blobs::{StoredBlob, store_blob};
use crate::app::{AppState, Ctx};
use crate::http::body::Upload;
use crate::http::error::ApiError;
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
/// # Errors
/// `request_timeout` if the content stops arriving or trickles, `photo_too_large` with limit and size, `checksum_mismatch` if the content is not what its name says (nothing is
/// kept), `disk_full`.
#[utoipa::path(put, path = "/v1/blobs/{sha256}", operation_id = "put_blob", tag = "blobs",
    params(("sha256" = Hash, Path, description = "SHA-256 of the content, lower-case hex")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The content"),
    responses(
        (status = 200, description = "Durable", body = StoredBlobOut,
            headers(("Doorstep-Receipt" = String, description = "The held receipt"))),
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
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let StoredBlob { sha256, bytes, receipt } = store_blob(&state, ctx, sha256, declared, body).await?;
    Ok(HttpResponse::Ok().insert_header(("Doorstep-Receipt", receipt.clone())).json(StoredBlobOut {
        sha256,
        bytes,
        receipt,
    }))
}
