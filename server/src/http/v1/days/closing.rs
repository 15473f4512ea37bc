//! GET `/v1/days/{day}/closing`

use actix_web::web;
use serde::Deserialize;
use sync_core::ids::TeamId;
use utoipa::IntoParams;

use super::ClosingOut;
use crate::app::{AppState, Ctx, days};
use crate::http::error::ApiError;
use crate::http::extract::{Path, Query};
use crate::http::openapi::Problems;

/// Which team.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClosingQuery {
    /// The team; the asker's own if absent.
    pub team_id: Option<TeamId>,
}

/// Shows how the day of a team stands
///
/// Each rep with what keeps the day open: visits without an outcome, what phones said they have not sent, declared blobs
/// that have not arrived, items in quarantine, materials that the order lists and nobody recorded. With the materials and
/// serial numbers used, the sign-off that stands, and what came after it. A rep sees his own day.
///
/// # Errors
/// `parameter_invalid` if the day does not exist or a team must be named, `not_found` for a team out of reach.
#[utoipa::path(get, path = "/v1/days/{day}/closing", operation_id = "show_day_closing", tag = "days",
    params(("day" = String, Path, description = "Day of the organisation's zone", example = "2025-03-04"), ClosingQuery),
    responses((status = 200, description = "How the day stands", body = ClosingOut), Problems),
    security(("bearer" = [])))]
pub async fn show_day_closing(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(day): Path<String>,
    Query(query): Query<ClosingQuery>,
) -> Result<web::Json<ClosingOut>, ApiError> {
    Ok(web::Json(days::show_closing(&state, ctx, day, query.team_id).await?.into()))
}
