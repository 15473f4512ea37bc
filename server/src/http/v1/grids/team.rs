//! POST `/v1/grids/{grid_id}/team`

use actix_web::{HttpResponse, web};
use doorstep_store::grids::GridRow;
use serde::Deserialize;
use sync_core::ids::{GridId, TeamId};
use utoipa::ToSchema;

use super::GridOut;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// The team of a grid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "team_id": "01955f2c-3000-7000-8000-000000000005" }))]
pub struct GridTeamIn {
    /// The team; none serves it if it says nothing.
    #[serde(default)]
    pub team_id: Option<TeamId>,
}

/// Says which team serves a grid
///
/// Needs `If-Match`. Its people come first where somebody is proposed for a visit there.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `invalid` for an unknown team.
#[utoipa::path(post, path = "/v1/grids/{grid_id}/team", operation_id = "set_grid_team", tag = "dispatch",
    params(("grid_id" = GridId, Path, description = "The grid"),
        ("If-Match" = String, Header, description = "ETag of the grid: its version as listed", example = "\"0\"")),
    request_body = GridTeamIn,
    responses((status = 200, description = "The grid", body = GridOut), Problems), security(("bearer" = [])))]
pub async fn set_grid_team(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<GridId>,
    IfMatch(version): IfMatch,
    Json(body): Json<GridTeamIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| dispatch::set_grid_team(&state, ctx, id, version, body.team_id)).await
}

fn answer(grid: GridRow) -> AppResult<Answer> {
    shown(Some(grid.version), &GridOut::from(grid))
}
