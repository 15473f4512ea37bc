//! The customer's page: server-rendered HTML behind a one-time link, without scripts, for any phone.
//!
//! Whoever holds the link is the customer; nothing else is asked. Answers are pages, refusals too.

pub mod answer;
pub mod calendar;
mod html;
pub mod show;
mod words;

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Deserialize;
use sync_core::bytes::{Hash, to_base64url};
use sync_core::statement::Language;
use utoipa::IntoParams;

use crate::app::{AppError, ErrorCode};
use crate::http::error::{ApiError, told_by_page};

/// In which language.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `zh` or `en`; what the browser prefers if absent, Chinese if that is neither.
    #[param(example = "zh")]
    pub lang: Option<String>,
}

/// The language of a page.
fn language(query: &PageQuery, headers: &HeaderMap) -> Language {
    let preferred = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match query.lang.as_deref() {
        Some("en") => Language::En,
        None if preferred.trim_start().starts_with("en") => Language::En,
        _ => Language::ZhCn,
    }
}

/// A page that a browser shows and nothing else: no script, no picture, no frame, forms only to us.
fn page(mut response: HttpResponseBuilder, body: String) -> HttpResponse {
    let style = to_base64url(Hash::of(html::STYLE.as_bytes()).as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}='; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    response
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", policy))
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-robots-tag", "noindex, nofollow"))
        .body(body)
}

/// A refusal as a page: what is unknown, foreign, used up or over is told in words. Anything else is a problem.
fn refused(error: AppError, language: Language) -> Result<HttpResponse, ApiError> {
    match error.code() {
        code @ (ErrorCode::NotFound | ErrorCode::LinkExpired) => {
            Ok(page(told_by_page(code), html::ended(code == ErrorCode::LinkExpired, language)))
        }
        _ => Err(error.into()),
    }
}
