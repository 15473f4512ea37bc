//! The outermost layer: gives each request an id, turns errors into problems, logs once, sets headers.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{ACCEPT_LANGUAGE, ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use sync_core::protocol::Encoding;

use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal};
use crate::domain::Operation;
use crate::http::error::{ApiError, Language, problem_response};
use crate::http::place::Place;
use crate::http::{customer_page, routes, tus};

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

/// What a log shows of a path: a link shows its photo, or speaks for its customer, to whoever reads it.
fn shown_path(path: &str) -> &str {
    let links = [Operation::CreatePhotoLinks.row().path, customer_page::PLACE];
    links.into_iter().find(|links| path.starts_with(links)).unwrap_or(path)
}

/// What is answered however busy the process is.
const HEALTH: [&str; 2] = [Operation::Healthz.row().path, Operation::Readyz.row().path];

/// Wraps the whole application.
///
/// # Errors
/// Only what the framework reports before a handler or guard answered; those answer with responses.
pub async fn edge(
    state: web::Data<AppState>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = state.id().to_string();
    tus::override_method(&mut request);
    let language = language(request.headers());
    let of_page = customer_page::is_at(request.path());
    let of_page = of_page.then(|| customer_page::language(request.query_string(), request.headers()));
    request.extensions_mut().insert(RequestId(id.clone()));
    // Captured before the handler consumes the request; ids in paths are not personal data, queries may be.
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let started = state.clock.now();
    let place = Place::new(state.clone());
    let mut response = match admit(&state, &request, &place) {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(refusal) => request.error_response(ApiError::from(refusal)).map_into_boxed_body(),
    };
    // The response holds the request, and with it a clone, until its last byte is sent.
    place.leave();
    if let Some(error) = failure(&response) {
        log_failure(&error, &id);
        let mut problem = problem_response(&error, &id, language);
        if error.code() == ErrorCode::MethodNotAllowed
            && let Ok(methods) = HeaderValue::from_str(&routes::allowed(&path))
        {
            problem.headers_mut().insert(ALLOW, methods);
        }
        // Who follows a link reads no problems.
        let told = match of_page {
            Some(language) => customer_page::refused(problem, error.code(), language),
            None => problem,
        };
        let (request, _) = response.into_parts();
        response = ServiceResponse::new(request, told).map_into_boxed_body();
    }
    let status = response.status().as_u16();
    let path = shown_path(&path);
    tracing::info!(request_id = id, %method, path, status, ms = state.clock.now().since_ms(started), "request");
    add_headers(response.headers_mut(), &id);
    if tus::is_upload(path) {
        tus::add_headers(response.headers_mut());
    }
    if state.stopping.has_begun() {
        // The next request of this client goes to another node; else its connection would keep the process from ending.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// Refuses what is too large to look at or too much to serve; the rest gets its place.
fn admit(state: &AppState, request: &ServiceRequest, place: &Place) -> AppResult<()> {
    let limits = &state.config.limits;
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let refuse =
        |code, limit: usize, actual: usize| Err(Refusal::new(code).limit(number(limit), number(actual)).into());
    let url = request.uri().path_and_query().map_or(0, |url| url.as_str().len());
    if url > limits.url_bytes {
        return refuse(ErrorCode::UriTooLong, limits.url_bytes, url);
    }
    let headers = request.headers();
    if headers.len() > limits.headers {
        return refuse(ErrorCode::HeadersTooLarge, limits.headers, headers.len());
    }
    let line = request.method().as_str().len() + url + " HTTP/1.1\r\n".len() + 1;
    let fields = headers.iter().map(|(name, value)| name.as_str().len() + ": \r\n".len() + value.len());
    let bytes = line + fields.sum::<usize>();
    if bytes > limits.header_bytes {
        return refuse(ErrorCode::HeadersTooLarge, limits.header_bytes, bytes);
    }
    // Whoever watches the process must get an answer when it is busiest.
    if HEALTH.contains(&request.path()) {
        return Ok(());
    }
    place.take()?;
    request.extensions_mut().insert(place.clone());
    Ok(())
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
