//! PATCH `/v1/teams/{team_id}`

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Deserializer};
use sync_core::ids::{TeamId, UserId};
use utoipa::ToSchema;

use super::TeamOut;
use crate::app::dispatch::{self, TeamChange};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::if_match::tagged;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::openapi::Problems;

/// What becomes of a team; what is not said stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "装维一班" }))]
pub struct TeamPatch {
    /// Name, 1 to 100 characters.
    #[serde(default)]
    #[schema(example = "装维一班")]
    pub name: Option<String>,
    /// Who leads it, one of the active team leads who belong to it; null for nobody.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<UserId>)]
    pub lead_id: Option<Option<UserId>>,
}

/// What is said, even if it is null.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<UserId>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Gives a team another name or lead
///
/// Needs `If-Match`. Its code stays.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `invalid` naming the field.
#[utoipa::path(patch, path = "/v1/teams/{team_id}", operation_id = "change_team", tag = "dispatch",
    params(("team_id" = TeamId, Path, description = "The team"),
        ("If-Match" = String, Header, description = "ETag of the team: its version as listed", example = "\"1\"")),
    request_body = TeamPatch,
    responses((status = 200, description = "The team", body = TeamOut), Problems), security(("bearer" = [])))]
pub async fn change_team(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<TeamId>,
    IfMatch(version): IfMatch,
    Json(body): Json<TeamPatch>,
) -> Result<HttpResponse, ApiError> {
    let change = TeamChange { name: body.name, lead: body.lead_id };
    let team = TeamOut::from(dispatch::change_team(&state, ctx, id, version, change).await?);
    Ok(tagged(HttpResponse::Ok(), team.version, &team))
}
