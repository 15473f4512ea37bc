//! POST /v1/calendars

use actix_web::{HttpResponse, web};
use sync_core::plan::CalendarRow;

use super::CalendarIn;
use crate::app::norms::Purpose;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// Publishes the next version of the calendar
///
/// It holds every day that differs from Monday to Friday, those of past years too. It counts at once.
///
/// # Errors
/// `stale_version` if another version was published meanwhile, `invalid` naming every faulty day.
#[utoipa::path(post, path = "/v1/calendars", operation_id = "create_calendar", tag = "templates",
    request_body = CalendarIn, responses((status = 201, description = "Published", body = CalendarRow), Problems),
    security(("bearer" = [])))]
pub async fn create_calendar(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<CalendarIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| norms::create_calendar(&state, ctx, body.into(), Purpose::Publish)).await
}

fn answer(calendar: CalendarRow) -> AppResult<Answer> {
    created(Some(calendar.version), &calendar)
}
