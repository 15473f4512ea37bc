//! GET `/v1/teams/{team_id}/meeting-places`

use actix_web::{HttpResponse, web};
use sync_core::ids::TeamId;

use super::MeetingPlacesOut;
use crate::app::{AppState, Ctx, meeting_places};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::extract::if_match::tagged;
use crate::http::openapi::Problems;

/// Shows where a team begins its day
///
/// With their `ETag`, by which they are set anew.
///
/// # Errors
/// `not_found` for a team that is absent or out of reach.
#[utoipa::path(get, path = "/v1/teams/{team_id}/meeting-places", operation_id = "show_meeting_places", tag = "days",
    params(("team_id" = TeamId, Path, description = "The team")),
    responses((status = 200, description = "The places", body = MeetingPlacesOut), Problems),
    security(("bearer" = [])))]
pub async fn show_meeting_places(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(team): Path<TeamId>,
) -> Result<HttpResponse, ApiError> {
    let shown = meeting_places::show_meeting_places(&state, ctx, team).await?;
    Ok(tagged(HttpResponse::Ok(), shown.version, &MeetingPlacesOut::from(shown)))
}
