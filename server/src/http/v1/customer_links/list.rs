//! GET `/v1/visits/{visit_id}/customer-links`

use actix_web::web;
use doorstep_store::customer_links::CustomerLinkRow;
use sync_core::ids::VisitId;

use super::CustomerLinkOut;
use crate::app::{AppState, Ctx, contacts};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Path};
use crate::http::openapi::Problems;

/// Lists the links that were given to the customer of a visit
///
/// With what the customer answered; the tokens are not shown again.
///
/// # Errors
/// `not_found` if the visit is absent or out of reach, `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/customer-links", operation_id = "list_customer_links", tag = "contacts",
    params(("visit_id" = VisitId, Path, description = "The visit"), PageQuery),
    responses((status = 200, description = "Links", body = PageOut<CustomerLinkOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_customer_links(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
    page: Page,
) -> Result<web::Json<PageOut<CustomerLinkOut>>, ApiError> {
    let found = contacts::list_visit_links(&state, ctx, id, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |link: &CustomerLinkRow| link.id.to_string(), CustomerLinkOut::from)))
}
