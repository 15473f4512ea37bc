//! GET /v1/teams

use actix_web::web;
use doorstep_store::teams::TeamRow;

use super::TeamOut;
use crate::app::{AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery};
use crate::http::openapi::Problems;

/// Lists teams
///
/// With who leads each.
///
/// # Errors
/// `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/teams", operation_id = "list_teams", tag = "dispatch", params(PageQuery),
    responses((status = 200, description = "Teams", body = PageOut<TeamOut>), Problems), security(("bearer" = [])))]
pub async fn list_teams(
    state: web::Data<AppState>,
    ctx: Ctx,
    page: Page,
) -> Result<web::Json<PageOut<TeamOut>>, ApiError> {
    let found = dispatch::list_teams(&state, ctx, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |team: &TeamRow| team.id.to_string(), TeamOut::from)))
}
