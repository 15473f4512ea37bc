//! POST /v1/calendars/check

use actix_web::web;
use sync_core::plan::CalendarRow;

use super::CalendarIn;
use crate::app::norms::Purpose;
use crate::app::{AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::openapi::Problems;

/// Tells whether a version of the calendar could be published
///
/// Answers what would be published, or everything that is wrong with it, and keeps nothing.
///
/// # Errors
/// As `POST /v1/calendars`.
#[utoipa::path(post, path = "/v1/calendars/check", operation_id = "check_calendar", tag = "templates",
    request_body = CalendarIn,
    responses((status = 200, description = "What would be published", body = CalendarRow), Problems),
    security(("bearer" = [])))]
pub async fn check_calendar(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<CalendarIn>,
) -> Result<web::Json<CalendarRow>, ApiError> {
    Ok(web::Json(norms::create_calendar(&state, ctx, body.into(), Purpose::Check).await?))
}
