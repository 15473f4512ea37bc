//! GET /v1/calendars

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A published calendar version.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarItemOut {
    /// Version.
    #[schema(example = 1)]
    pub version: i64,
    /// When it was published, and from when it counts.
    pub published_at: Instant,
}

/// Every published calendar version.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarsOut {
    /// Oldest first; the last counts.
    pub items: Vec<CalendarItemOut>,
}

/// Lists all versions of the calendar
///
/// A published version never changes; the newest counts, and verdicts name the one that they were judged by.
///
/// # Errors
/// `token_invalid`.
#[utoipa::path(get, path = "/v1/calendars", operation_id = "list_calendars", tag = "templates",
    responses((status = 200, description = "Calendars", body = CalendarsOut), Problems), security(("bearer" = [])))]
pub async fn list_calendars(state: web::Data<AppState>, ctx: Ctx) -> Result<web::Json<CalendarsOut>, ApiError> {
    let rows = norms::list_calendars(&state, ctx).await?.into_iter();
    let items = rows.map(|row| CalendarItemOut { version: row.version, published_at: row.published_at_ms.into() });
    Ok(web::Json(CalendarsOut { items: items.collect() }))
}
