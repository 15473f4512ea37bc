//! POST /v1/grids

use actix_web::{HttpResponse, web};
use doorstep_store::grids::GridRow;

use super::{AreaIn, GridOut};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// Adds a grid
///
/// No team serves it yet; a site belongs to it once it says so.
///
/// # Errors
/// `invalid` naming the field, `conflict` if the code is taken.
#[utoipa::path(post, path = "/v1/grids", operation_id = "create_grid", tag = "dispatch", request_body = AreaIn,
    responses((status = 201, description = "Added", body = GridOut), Problems), security(("bearer" = [])))]
pub async fn create_grid(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<AreaIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| dispatch::create_grid(&state, ctx, body.into())).await
}

fn answer(grid: GridRow) -> AppResult<Answer> {
    created(Some(grid.version), &GridOut::from(grid))
}
