//! GET /v1/grids

use actix_web::web;
use doorstep_store::grids::GridRow;

use super::GridOut;
use crate::app::{AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery};
use crate::http::openapi::Problems;

/// Lists grids
///
/// With the team that serves each; a visit belongs to the grid of its site.
///
/// # Errors
/// `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/grids", operation_id = "list_grids", tag = "dispatch", params(PageQuery),
    responses((status = 200, description = "Grids", body = PageOut<GridOut>), Problems), security(("bearer" = [])))]
pub async fn list_grids(
    state: web::Data<AppState>,
    ctx: Ctx,
    page: Page,
) -> Result<web::Json<PageOut<GridOut>>, ApiError> {
    let found = dispatch::list_grids(&state, ctx, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |grid: &GridRow| grid.id.to_string(), GridOut::from)))
}
