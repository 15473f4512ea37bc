//! POST /v1/teams

use actix_web::{HttpResponse, web};
use doorstep_store::teams::TeamRow;

use super::TeamOut;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, once};
use crate::http::openapi::Problems;
use crate::http::v1::grids::AreaIn;

/// Adds a team
///
/// Nobody belongs to it yet: people are added to it, then one of its leads may lead it.
///
/// # Errors
/// `invalid` naming the field, `conflict` if the code is taken.
#[utoipa::path(post, path = "/v1/teams", operation_id = "create_team", tag = "dispatch", request_body = AreaIn,
    responses((status = 201, description = "Added", body = TeamOut), Problems), security(("bearer" = [])))]
pub async fn create_team(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<AreaIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| dispatch::create_team(&state, ctx, body.into())).await
}

fn answer(team: TeamRow) -> AppResult<Answer> {
    created(Some(team.version), &TeamOut::from(team))
}
