//! The outermost layer: gives each request an id, turns errors into problems, logs once, sets headers.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use sync_core::protocol::Encoding;

use crate::app::{AppError, AppState, ErrorCode};
use crate::http::error::{ApiError, Language, problem_response};

/// The id of a request, shown in problems and logs.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The header of every response: nothing is sniffed (limits-and-threats 4.2, 4.4).
const NOSNIFF: (&str, &str) = ("x-content-type-options", "nosniff");

/// Headers of what a browser could show: nothing is framed, referred or embedded elsewhere.
///
/// CBOR goes without: no browser shows it, none sends its bearer token for another site, and a phone that
/// hears nothing new pays for each byte.
const SHOWN_HEADERS: [(&str, &str); 3] =
    [("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"), ("cross-origin-resource-policy", "same-site")];

/// Wraps the whole application.
///
/// # Errors
/// Only what the framework reports before a handler or guard answered; those answer with responses.
pub async fn edge(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = state.id().to_string();
    let language = language(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    // Captured before the handler consumes the request; ids in paths are not personal data, queries may be.
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let started = state.clock.now();
    let mut response = next.call(request).await?.map_into_boxed_body();
    if let Some(error) = failure(&response) {
        log_failure(&error, &id);
        let problem = problem_response(&error, &id, language);
        let (request, _) = response.into_parts();
        response = ServiceResponse::new(request, problem).map_into_boxed_body();
    }
    let status = response.status().as_u16();
    tracing::info!(request_id = id, %method, path, status, ms = state.clock.now().since_ms(started), "request");
    add_headers(response.headers_mut(), &id);
    Ok(response)
}

/// The error behind a response: ours, or a stand-in for one of the framework's.
fn failure(response: &ServiceResponse<BoxBody>) -> Option<AppError> {
    let error = response.response().error()?;
    Some(match error.as_error::<ApiError>() {
        Some(ApiError(AppError::Refused(refusal))) => AppError::Refused(refusal.clone()),
        Some(ApiError(other)) => match other.code() {
            ErrorCode::Internal => AppError::Internal(chain(other)),
            code => code.into(),
        },
        None if response.status().is_client_error() => ErrorCode::ParameterInvalid.into(),
        None => AppError::Internal(error.to_string()),
    })
}

fn chain(error: &AppError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn log_failure(error: &AppError, request_id: &str) {
    match error {
        AppError::Internal(chain) => tracing::error!(request_id, error = chain, "request failed"),
        other => tracing::debug!(request_id, code = other.code().as_str(), "request refused"),
    }
}

fn language(headers: &HeaderMap) -> Language {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = wanted.split(',').next().unwrap_or_default().trim();
    if first.starts_with("zh") { Language::Chinese } else { Language::English }
}

fn add_headers(headers: &mut HeaderMap, request_id: &str) {
    let is_cbor = headers.get(CONTENT_TYPE).is_some_and(|value| value == Encoding::Cbor.media_type());
    let shown = if is_cbor { [].as_slice() } else { SHOWN_HEADERS.as_slice() };
    for &(name, value) in std::iter::once(&NOSNIFF).chain(shown) {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let no_store = HeaderName::from_static("cache-control");
    if !headers.contains_key(&no_store) {
        headers.insert(no_store, HeaderValue::from_static("no-store"));
    }
    if !is_cbor && let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}
