//! The `Idempotency-Key` header: checked and bound to its request before the handler, answered again after it.

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderName;
use actix_web::{HttpMessage as _, web};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sync_core::bytes::to_hex;

use crate::app::once::{Once, RunningKey};
use crate::app::{AppError, AppState, Ctx, ErrorCode, Refusal};
use crate::domain::Operation;
use crate::http::body::read_body;
use crate::http::error::ApiError;
use crate::http::extract::json::limit_of;
use crate::http::once::response;

/// Longest key (limits-and-threats section 5).
const MAX_KEY_BYTES: usize = 128;

/// The header (draft-ietf-httpapi-idempotency-key-header).
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Tells that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Binds the key of a request to what it asks for; the request must not be run beside the value it gives.
///
/// # Errors
/// `parameter_invalid` for a faulty key, `idempotency_in_progress`, and those of reading the body.
pub async fn bind(
    operation: Operation,
    state: &AppState,
    request: &mut ServiceRequest,
    ctx: &mut Ctx,
) -> Result<Option<RunningKey>, ApiError> {
    if !operation.takes_idempotency_key() {
        return Ok(None);
    }
    let Some(key) = key_of(request)? else { return Ok(None) };
    let (org, user) = (ctx.actor.org, ctx.actor.user);
    let running = state.running.start(org, user, &key).ok_or(ErrorCode::IdempotencyInProgress)?;
    let limit = limit_of(request.request())?;
    let payload = request.take_payload();
    let body = read_body(request.request(), payload, limit, ErrorCode::BodyTooLarge).await?;
    let query = request.query_string();
    // Without a query as ever, so that keys of before go on to mean their requests.
    let mark = if query.is_empty() { "" } else { "?" };
    let asked = format!("{} {}{mark}{query}\n", request.method(), request.path());
    let fingerprint = fingerprint(&asked, &body);
    request.set_payload(Payload::from(web::Bytes::from(body)));
    ctx.once = Once::keyed(org, user, key, fingerprint, ctx.now);
    Ok(Some(running))
}

fn key_of(request: &ServiceRequest) -> Result<Option<String>, ApiError> {
    let mut values = request.headers().get_all(HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    let is_visible = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_graphic);
    let bytes = value.as_bytes();
    if values.next().is_some() || !(1..=MAX_KEY_BYTES).contains(&bytes.len()) || !is_visible(bytes) {
        let refusal = Refusal::new(ErrorCode::ParameterInvalid);
        return Err(refusal.field("Idempotency-Key", "one key of 1 to 128 visible ASCII characters").into());
    }
    Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
}

/// SHA-256 of method, path, query and body.
///
/// A password does not count: a fast hash over it, kept for 90 days, would be worth stealing.
fn fingerprint(asked: &str, body: &[u8]) -> String {
    let hash = |body: &[u8]| to_hex(&Sha256::new().chain_update(asked).chain_update(body).finalize());
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut fields)) if fields.contains_key("password") => {
            fields.remove("password");
            hash(Value::Object(fields).to_string().as_bytes())
        }
        _ => hash(body),
    }
}

/// Turns "answered before" into that answer; every other response stays as it is.
#[must_use]
pub fn replay(done: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let error = done.response().error().and_then(|error| error.as_error::<ApiError>());
    let Some(ApiError(AppError::Answered(answer))) = error else { return done };
    let mut again = response(answer);
    again.headers_mut().insert(REPLAYED, actix_web::http::header::HeaderValue::from_static("true"));
    let (request, _) = done.into_parts();
    ServiceResponse::new(request, again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_counts() {
        let with = |password: &str| format!(r#"{{"login": "a", "password": "{password}"}}"#);
        let of = |asked: &str, body: &str| fingerprint(asked, body.as_bytes());
        assert_eq!(of("POST /v1/users\n", &with("x")), of("POST /v1/users\n", &with("y")));
        assert_ne!(of("POST /v1/users\n", r#"{"login":"a"}"#), of("POST /v1/users\n", r#"{"login":"b"}"#));
        assert_ne!(of("POST /v1/a\n", "{}"), of("POST /v1/b\n", "{}"));
    }
}
