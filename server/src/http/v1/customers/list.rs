//! GET /v1/customers

use actix_web::web;

use super::CustomerOut;
use crate::app::customers::Customer;
use crate::app::{AppState, Ctx, customers};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery};
use crate::http::openapi::Problems;

/// Lists customers, oldest first
///
/// A rep sees the customers of his visits, a team lead those of the team. Searching is `search`, whose
/// terms do not travel in the URL.
///
/// # Errors
/// `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/customers", operation_id = "list_customers", tag = "customers", params(PageQuery),
    responses((status = 200, description = "Customers", body = PageOut<CustomerOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_customers(
    state: web::Data<AppState>,
    ctx: Ctx,
    page: Page,
) -> Result<web::Json<PageOut<CustomerOut>>, ApiError> {
    let found = customers::list_customers(&state, ctx, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |customer: &Customer| customer.row.id.to_string(), CustomerOut::from)))
}
