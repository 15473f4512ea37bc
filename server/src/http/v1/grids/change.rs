//! PATCH `/v1/grids/{grid_id}`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::GridId;
use utoipa::ToSchema;

use super::GridOut;
use crate::app::{AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::if_match::tagged;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::openapi::Problems;

/// What becomes of a grid; what is not said stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "云泽北区" }))]
pub struct GridPatch {
    /// Name, 1 to 100 characters.
    #[serde(default)]
    #[schema(example = "云泽北区")]
    pub name: Option<String>,
}

/// Gives a grid another name
///
/// Needs `If-Match`. Its code stays.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `invalid` naming the field.
#[utoipa::path(patch, path = "/v1/grids/{grid_id}", operation_id = "change_grid", tag = "dispatch",
    params(("grid_id" = GridId, Path, description = "The grid"),
        ("If-Match" = String, Header, description = "ETag of the grid: its version as listed", example = "\"0\"")),
    request_body = GridPatch,
    responses((status = 200, description = "The grid", body = GridOut), Problems), security(("bearer" = [])))]
pub async fn change_grid(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<GridId>,
    IfMatch(version): IfMatch,
    Json(body): Json<GridPatch>,
) -> Result<HttpResponse, ApiError> {
    let grid = GridOut::from(dispatch::change_grid(&state, ctx, id, version, body.name).await?);
    Ok(tagged(HttpResponse::Ok(), grid.version, &grid))
}
