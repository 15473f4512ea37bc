//! POST /v1/sync

use actix_web::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use actix_web::{HttpRequest, HttpResponse, web};
use sync_core::protocol::codec::{self, DecodeError, Encoding};
use sync_core::protocol::{ProtocolLimits, SyncRequest, SyncResponse};

use super::coding::{self, Coding};
use crate::app::{AppError, AppState, Ctx, ErrorCode, Refusal, sync};
use crate::http::body::read_body;
use crate::http::error::ApiError;
use crate::http::openapi::Problems;

/// Up to this size a body is worked on at once: one visit's work, or some edits.
const SMALL_BODY_BYTES: usize = 8 << 10;

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Runs one sync round
///
/// Takes in documents, intents and statements, and answers what changed since the cursor: one round trip. The body is
/// `application/cbor` or `application/json` (the same types; bytes as base64url in JSON), plain or compressed with
/// zstd or gzip. A request with content carries the device's seal. Everything about single items stands in `acks`; the
/// status is 200 unless the request as a whole is refused. The same body again gives the same answer and no effect.
///
/// # Errors
/// `seal_invalid`, `sync_batch_too_large`, `too_many_changes`, `content_encoding_invalid`, `body_invalid`,
/// `media_type_unsupported`, `invalid`, `busy`.
#[utoipa::path(post, path = "/v1/sync", operation_id = "sync", tag = "sync",
    request_body(content(
        (SyncRequest = "application/json", example = json!({
            "protocol": 1,
            "device_id": "01955f2c-3000-7000-8000-0000000000d1",
            "batch_id": "01955f2c-3000-7000-8000-0000000000b1",
            "max_bytes": 65536,
        })),
        (SyncRequest = "application/cbor", example = json!({
            "protocol": 1,
            "device_id": "01955f2c-3000-7000-8000-0000000000d1",
            "batch_id": "01955f2c-3000-7000-8000-0000000000b1",
            "max_bytes": 65536,
        })),
    )),
    responses(
        (status = 200, description = "What became of each item, and what changed",
            content((SyncResponse = "application/cbor"), (SyncResponse = "application/json"))),
        Problems),
    security(("bearer" = [])))]
pub async fn sync(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let headers = request.headers();
    let encoding = encoding(header(headers, CONTENT_TYPE))?;
    let coding = Coding::of_request(header(headers, CONTENT_ENCODING))?;
    let answer_encoding = header(headers, ACCEPT).and_then(Encoding::from_media_type).unwrap_or(encoding);
    let accepted = header(headers, ACCEPT_ENCODING).map(str::to_owned);
    let limits = &state.config.limits;
    let (limit, code) = (limits.sync_encoded_bytes, ErrorCode::SyncBatchTooLarge);
    let body = read_body(&request, payload.into_inner(), limit, code).await?;
    let mut turn = sync::Turn::default();
    if body.len() > SMALL_BODY_BYTES {
        turn.wait(&state).await;
    }
    let request = read(body, coding, encoding, &state).await?;
    let response = sync::sync(&state, ctx, request, &mut turn).await?;
    answer(&response, answer_encoding, accepted.as_deref())
}

fn encoding(media_type: Option<&str>) -> Result<Encoding, AppError> {
    media_type.and_then(Encoding::from_media_type).ok_or_else(|| {
        Refusal::new(ErrorCode::MediaTypeUnsupported)
            .detail(
                "Send the body as application/cbor or application/json",
                "请以 application/cbor 或 application/json 发送请求内容",
            )
            .into()
    })
}

/// Decompresses and decodes on a blocking thread: a full batch takes milliseconds.
async fn read(body: Vec<u8>, coding: Coding, encoding: Encoding, state: &AppState) -> Result<SyncRequest, AppError> {
    let limits = state.config.limits.clone();
    tokio::task::spawn_blocking(move || {
        let body = coding::decode(body, coding, &limits)?;
        codec::decode_request(&body, encoding, &ProtocolLimits::DEFAULT).map_err(refuse)
    })
    .await
    .map_err(|error| AppError::Internal(error.to_string()))?
}

fn refuse(error: DecodeError) -> AppError {
    match error {
        DecodeError::Limit(exceeded) => {
            let code = match exceeded.code {
                "sync_batch_too_large" => ErrorCode::SyncBatchTooLarge,
                _ => ErrorCode::SyncBatchTooMany,
            };
            let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            Refusal::new(code).limit(number(exceeded.limit), number(exceeded.actual)).into()
        }
        other => Refusal::new(ErrorCode::BodyInvalid).field("body", other.to_string()).into(),
    }
}

fn answer(response: &SyncResponse, encoding: Encoding, accepted: Option<&str>) -> Result<HttpResponse, ApiError> {
    let mut body = coding::Answer::new(accepted);
    codec::write(response, encoding, &mut body).map_err(|error| AppError::Internal(error.to_string()))?;
    let (body, coding) = body.finish().map_err(|error| AppError::Internal(error.to_string()))?;
    let mut answer = HttpResponse::Ok();
    answer.content_type(encoding.media_type());
    if let Some(name) = coding.name() {
        answer.insert_header((CONTENT_ENCODING, name));
    }
    Ok(answer.body(body))
}
