//! GET `/v1/work-orders/{work_order_id}`

use actix_web::{HttpResponse, web};
use sync_core::ids::WorkOrderId;

use super::WorkOrderOut;
use crate::app::{AppState, Ctx, work_orders};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::extract::if_match::tagged;
use crate::http::openapi::Problems;

/// Shows a work order
///
/// With the ids of its visits, by attempt.
///
/// # Errors
/// `not_found` if absent or out of reach.
#[utoipa::path(get, path = "/v1/work-orders/{work_order_id}", operation_id = "show_work_order", tag = "work orders",
    params(("work_order_id" = WorkOrderId, Path, description = "The work order")),
    responses((status = 200, description = "The work order", body = WorkOrderOut), Problems),
    security(("bearer" = [])))]
pub async fn show_work_order(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<WorkOrderId>,
) -> Result<HttpResponse, ApiError> {
    let order = work_orders::show_work_order(&state, ctx, id).await?;
    Ok(tagged(HttpResponse::Ok(), order.row.version, &WorkOrderOut::from(order)))
}
