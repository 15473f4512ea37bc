//! The customer's page: server-rendered HTML behind a one-time link, without scripts, for any phone.
//!
//! Whoever holds the link is the customer; nothing else is asked. Answers are pages, and so is every refusal: the edge writes
//! them ([`refused`]), whoever refused.

pub mod answer;
pub mod calendar;
mod html;
pub mod show;
mod words;

use actix_web::body::BoxBody;
use actix_web::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use actix_web::{HttpResponse, web};
use sync_core::bytes::{Hash, to_base64url};
use sync_core::statement::Language;
use utoipa::{IntoParams, IntoResponses};

use crate::app::ErrorCode;

/// Begin of the paths of customers' pages.
pub const PLACE: &str = "/c/";

/// Whether a path is one of a customer's page, or what is left of a link that was cut off.
#[must_use]
pub fn is_at(path: &str) -> bool {
    path.starts_with(PLACE) || path == PLACE.trim_end_matches('/')
}

/// In which language; messengers add parameters of their own to a link, which nobody reads.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `zh` or `en`; what the browser prefers if absent, Chinese if that is neither.
    #[param(example = "zh")]
    pub lang: Option<String>,
}

/// Refusals of every page: pages, too.
#[derive(IntoResponses)]
pub enum PageRefusals {
    /// What the form held cannot be read
    #[response(status = 400, content_type = "text/html")]
    BadRequest(String),
    /// No link of this server
    #[response(status = 404, content_type = "text/html")]
    Unknown(String),
    /// Neither asked for nor answered
    #[response(status = 405, content_type = "text/html")]
    Method(String),
    /// Answered already
    #[response(status = 409, content_type = "text/html")]
    Answered(String),
    /// A link that has ended
    #[response(status = 410, content_type = "text/html")]
    Gone(String),
    /// The form is too large
    #[response(status = 413, content_type = "text/html")]
    TooLarge(String),
    /// The link is too long
    #[response(status = 414, content_type = "text/html")]
    TooLong(String),
    /// What cannot be taken
    #[response(status = 422, content_type = "text/html")]
    Unprocessable(String),
    /// Too many attempts
    #[response(status = 429, content_type = "text/html")]
    TooMany(String),
    /// A defect of ours, logged
    #[response(status = 500, content_type = "text/html")]
    Internal(String),
    /// Busy; try again
    #[response(status = 503, content_type = "text/html")]
    Busy(String),
}

/// The language of a page, by the query and what the browser prefers.
#[must_use]
pub fn language(query: &str, headers: &HeaderMap) -> Language {
    let preferred = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = web::Query::<Vec<(String, String)>>::from_query(query).map(web::Query::into_inner).unwrap_or_default();
    match given.iter().find(|(name, _)| name == "lang").map(|(_, lang)| lang.as_str()) {
        Some("en") => Language::En,
        None if preferred.trim_start().starts_with("en") => Language::En,
        _ => Language::ZhCn,
    }
}

/// A page that a browser shows and nothing else: no script, no picture, no frame, forms only to us.
fn page(response: HttpResponse, body: String) -> HttpResponse {
    let style = to_base64url(Hash::of(html::STYLE.as_bytes()).as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}='; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut response = response.set_body(BoxBody::new(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    response
}

/// A refusal as a page: the problem's status and headers, and what it is in words.
#[must_use]
pub fn refused(problem: HttpResponse, code: ErrorCode, language: Language) -> HttpResponse {
    page(problem, html::refused(code, language))
}
