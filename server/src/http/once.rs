//! Answers that may be stored: how an operation with an idempotency key answers, first and again.

use std::future::Future;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use serde::Serialize;

use crate::app::once::Answer;
use crate::app::{AppError, AppResult, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::if_match::etag;

/// Runs a use case whose answer is stored under the request's idempotency key, if it has one.
///
/// # Errors
/// Those of the use case.
pub async fn once<T, F>(
    mut ctx: Ctx,
    render: fn(T) -> AppResult<Answer>,
    run: impl FnOnce(Ctx) -> F,
) -> Result<HttpResponse, ApiError>
where
    T: Clone + 'static,
    F: Future<Output = AppResult<T>>,
{
    ctx.once = ctx.once.answering(render);
    Ok(response(&render(run(ctx).await?)?))
}

/// The answer of an operation that added something.
///
/// # Errors
/// If the body cannot be written, which is a defect.
pub fn created(version: Option<i64>, body: &impl Serialize) -> AppResult<Answer> {
    answer(StatusCode::CREATED, version, body)
}

/// The answer of an operation that changed something and shows it.
///
/// # Errors
/// If the body cannot be written, which is a defect.
pub fn shown(version: Option<i64>, body: &impl Serialize) -> AppResult<Answer> {
    answer(StatusCode::OK, version, body)
}

fn answer(status: StatusCode, version: Option<i64>, body: &impl Serialize) -> AppResult<Answer> {
    let body = serde_json::to_string(body).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(Answer { status: status.as_u16(), version, body })
}

/// The response of an answer.
#[must_use]
pub fn response(answer: &Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if let Some(version) = answer.version {
        response.insert_header((ETAG, etag(version)));
    }
    response.content_type("application/json").body(answer.body.clone())
}
