//! POST `/c/{token}`

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use sync_core::statement::Language;
use utoipa::ToSchema;

use super::html::{self, Entered};
use super::words::words;
use super::{PageQuery, PageRefusals, language, page};
use crate::app::contacts::{Asked, answer_page, show_page};
use crate::app::{AppError, AppState, ErrorCode, Refusal};
use crate::http::body::read_body;
use crate::http::error::{ApiError, told_by_page};
use crate::http::extract::Path;

/// Largest form in bytes: 200 characters of four bytes, each of which is written as three.
const MAX_FORM: usize = 4 << 10;

/// What the customer answers.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct CustomerAnswerIn {
    /// `confirm` or `propose`.
    #[schema(example = "confirm")]
    pub answer: String,
    /// Day of another time, `YYYY-MM-DD`.
    #[schema(example = "2025-03-05")]
    pub date: String,
    /// Another time, `HH:MM`.
    #[schema(example = "14:30")]
    pub time: String,
    /// What the customer adds, at most 200 characters.
    #[schema(example = "上午不在家")]
    pub words: String,
}

/// Takes the customer's answer
///
/// Once for each link: the time is confirmed, or another one asked for. Then the page is shown again.
///
/// # Errors
/// A page with 404 for what is no link of this server, with 410 for one that has ended, with 409 if it was answered
/// already, with 422 saying what cannot be taken.
#[utoipa::path(post, path = "/c/{token}", operation_id = "answer_customer_page", tag = "contacts",
    params(("token" = String, Path, description = "The token of the link"), PageQuery),
    request_body(content = CustomerAnswerIn, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Taken; the page shows it"), PageRefusals))]
pub async fn answer_customer_page(
    state: web::Data<AppState>,
    request: HttpRequest,
    Path(token): Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let language = language(request.query_string(), request.headers());
    let form = read_form(&request, payload).await?;
    let asked = match form.answer.as_str() {
        "confirm" => Asked::Confirm,
        "propose" => {
            let words = Some(form.words.replace("\r\n", "\n"));
            Asked::Propose { day: form.date.clone(), time: form.time.clone(), words }
        }
        _ => return Err(Refusal::new(ErrorCode::BodyInvalid).field("answer", "confirm or propose").into()),
    };
    let Err(error) = answer_page(&state, &token, asked).await else {
        let place = format!("/c/{token}?lang={}", if language == Language::En { "en" } else { "zh" });
        return Ok(HttpResponse::SeeOther().insert_header((LOCATION, place)).finish());
    };
    let faults = match &error {
        AppError::Refused(refusal) if error.code() == ErrorCode::Invalid => faults(refusal, language),
        _ if error.code() == ErrorCode::StateInvalid => vec![words(language).answered.to_owned()],
        _ => return Err(error.into()),
    };
    let entered = Entered { day: form.date, time: form.time, words: form.words, faults };
    again(&state, &token, language, &entered, error.code()).await
}

/// The page once more, with what was entered and why it cannot be taken.
async fn again(
    state: &AppState,
    token: &str,
    language: Language,
    entered: &Entered,
    code: ErrorCode,
) -> Result<HttpResponse, ApiError> {
    let shown = show_page(state, token).await?;
    let body = html::show(&shown, token, language, entered);
    Ok(page(told_by_page(code).finish(), body.map_err(|error| AppError::Internal(error.to_string()))?))
}

/// What each faulty field should have been.
fn faults(refusal: &Refusal, language: Language) -> Vec<String> {
    let told = |fault: &crate::app::FieldFault| match (language, &fault.expected_zh) {
        (Language::ZhCn, Some(zh)) => zh.clone(),
        _ => fault.expected.clone(),
    };
    refusal.fields.iter().map(told).collect()
}

/// Reads the form; what it does not name is empty.
async fn read_form(request: &HttpRequest, payload: web::Payload) -> Result<CustomerAnswerIn, ApiError> {
    let body = read_body(request, payload.into_inner(), MAX_FORM, ErrorCode::BodyTooLarge).await?;
    let invalid = || Refusal::new(ErrorCode::BodyInvalid).field("form", "fields as a browser sends them");
    let text = String::from_utf8(body).map_err(|_no_text| invalid())?;
    let form = web::Query::<CustomerAnswerIn>::from_query(&text).map_err(|_no_form| invalid())?;
    Ok(form.into_inner())
}
