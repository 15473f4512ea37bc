//! GET /v1/outages

use actix_web::web;
use serde::Deserialize;
use utoipa::IntoParams;

use super::OutageOut;
use crate::app::outages::{self, Outage};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query};
use crate::http::openapi::Problems;

/// Which outages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OutageQuery {
    /// Only open ones, or only those that are over.
    #[param(example = true)]
    pub is_open: Option<bool>,
}

/// Lists outages in the order in which they were opened
///
/// With the repair orders that wait for each.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/outages", operation_id = "list_outages", tag = "work orders",
    params(OutageQuery, PageQuery),
    responses((status = 200, description = "Outages", body = PageOut<OutageOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_outages(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<OutageQuery>,
    page: Page,
) -> Result<web::Json<PageOut<OutageOut>>, ApiError> {
    let found = outages::list_outages(&state, ctx, query.is_open, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |outage: &Outage| outage.row.id.to_string(), OutageOut::from)))
}
