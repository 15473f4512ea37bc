//! PUT `/v1/teams/{team_id}/meeting-places`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::day::MeetingPlace;
use sync_core::ids::TeamId;
use utoipa::ToSchema;

use super::MeetingPlacesOut;
use crate::app::{AppState, Ctx, meeting_places};
use crate::http::error::ApiError;
use crate::http::extract::if_match::tagged;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::openapi::Problems;

/// All meeting places of a team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "places": [{
    "name": "城南站点", "radius_m": 150,
    "geo": {"lat_udeg": 30_572_000, "lon_udeg": 104_066_000, "acc_m": 10, "datum": "wgs84"}
}] }))]
pub struct MeetingPlacesIn {
    /// At most 50; none takes them all away.
    pub places: Vec<MeetingPlace>,
}

/// Sets where a team begins its day
///
/// Needs `If-Match`. Takes the place of all places before; a check-in stays judged by those that held when it came. Phones
/// hear of them with their next sync.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `invalid` naming the fields.
#[utoipa::path(put, path = "/v1/teams/{team_id}/meeting-places", operation_id = "set_meeting_places", tag = "days",
    params(("team_id" = TeamId, Path, description = "The team"),
        ("If-Match" = String, Header, description = "ETag of the places as read", example = "\"0\"")),
    request_body = MeetingPlacesIn,
    responses((status = 200, description = "The places", body = MeetingPlacesOut), Problems),
    security(("bearer" = [])))]
pub async fn set_meeting_places(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(team): Path<TeamId>,
    IfMatch(version): IfMatch,
    Json(body): Json<MeetingPlacesIn>,
) -> Result<HttpResponse, ApiError> {
    let set = meeting_places::set_meeting_places(&state, ctx, team, version, body.places).await?;
    Ok(tagged(HttpResponse::Ok(), set.version, &MeetingPlacesOut::from(set)))
}
