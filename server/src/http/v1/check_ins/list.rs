//! GET /v1/check-ins

use actix_web::web;
use serde::Deserialize;
use sync_core::ids::TeamId;
use utoipa::IntoParams;

use super::MorningsOut;
use crate::app::{AppState, Ctx, check_ins};
use crate::http::error::ApiError;
use crate::http::extract::Query;
use crate::http::openapi::Problems;

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CheckInQuery {
    /// Day of the organisation's zone; today if absent.
    #[param(example = "2025-03-04")]
    pub day: Option<String>,
    /// Only this team.
    pub team_id: Option<TeamId>,
}

/// Shows who checked in on a day, and who did not
///
/// Everybody with a visit or a record of that day: where the check-in was made by the team's meeting places and its photo,
/// the kit, notes. A check-in holds nobody's work up. A rep sees his own, a team lead the team's.
///
/// # Errors
/// `parameter_invalid` if the day does not exist, `not_found` for a team out of reach.
#[utoipa::path(get, path = "/v1/check-ins", operation_id = "list_check_ins", tag = "days", params(CheckInQuery),
    responses((status = 200, description = "The mornings", body = MorningsOut), Problems),
    security(("bearer" = [])))]
pub async fn list_check_ins(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<CheckInQuery>,
) -> Result<web::Json<MorningsOut>, ApiError> {
    Ok(web::Json(check_ins::list_check_ins(&state, ctx, query.day, query.team_id).await?.into()))
}
