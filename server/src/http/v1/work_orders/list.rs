//! GET /v1/work-orders

use actix_web::web;
use doorstep_store::work_orders::WorkOrderFilter;
use serde::Deserialize;
use sync_core::ids::CustomerId;
use utoipa::IntoParams;

use super::WorkOrderOut;
use crate::app::work_orders::WorkOrder;
use crate::app::{AppState, Ctx, work_orders};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query};
use crate::http::openapi::Problems;

/// Which work orders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorkOrderQuery {
    /// Only this type.
    #[serde(rename = "type")]
    #[param(example = "install")]
    pub kind: Option<String>,
    /// Only this customer's.
    pub customer_id: Option<CustomerId>,
}

/// Lists work orders, oldest first
///
/// A rep sees the orders of his visits, a team lead those of the team.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/work-orders", operation_id = "list_work_orders", tag = "work orders",
    params(WorkOrderQuery, PageQuery),
    responses((status = 200, description = "Work orders", body = PageOut<WorkOrderOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_work_orders(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<WorkOrderQuery>,
    page: Page,
) -> Result<web::Json<PageOut<WorkOrderOut>>, ApiError> {
    let filter =
        WorkOrderFilter { kind: query.kind, customers: query.customer_id.map(|id| vec![id]), ..Default::default() };
    let found = work_orders::list_work_orders(&state, ctx, filter, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |order: &WorkOrder| order.row.id.to_string(), WorkOrderOut::from)))
}
