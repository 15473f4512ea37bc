//! GET `/v1/calendars/{version}`

use actix_web::{HttpResponse, web};
use sync_core::plan::CalendarRow;

use crate::app::{AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::extract::if_match::tagged;
use crate::http::openapi::Problems;
use crate::http::v1::policies::version_of;

/// Shows a calendar version, or the newest
///
/// Days are `YYYY-MM-DD` in the organisation's zone; `current` names the newest version.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/calendars/{version}", operation_id = "show_calendar", tag = "templates",
    params(("version" = String, Path, description = "Version or `current`", example = "current")),
    responses((status = 200, description = "The calendar", body = CalendarRow), Problems), security(("bearer" = [])))]
pub async fn show_calendar(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(version): Path<String>,
) -> Result<HttpResponse, ApiError> {
    let calendar = norms::show_calendar(&state, ctx, version_of(&version)?).await?;
    Ok(tagged(HttpResponse::Ok(), calendar.version, &calendar))
}
