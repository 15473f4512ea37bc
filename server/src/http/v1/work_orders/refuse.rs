//! POST `/v1/work-orders/{work_order_id}/refuse`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::WorkOrderId;
use utoipa::ToSchema;

use super::WorkOrderOut;
use crate::app::once::Answer;
use crate::app::work_orders::{NewRefusal, WorkOrder};
use crate::app::{AppResult, AppState, Ctx, work_orders};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// Why an order is not accepted, and what the customer can do instead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason_code": "out_of_area", "reason": "该地址不在服务区域内", "suggestion": "请联系当地营业厅办理"
}))]
pub struct RefuseIn {
    /// `out_of_area`, `not_our_service`, `duplicate_request`, `missing_data`, `no_resource` or `other`.
    #[schema(example = "out_of_area")]
    pub reason_code: String,
    /// Why, in words for the customer, 1 to 500 characters.
    #[schema(example = "该地址不在服务区域内")]
    pub reason: String,
    /// What the customer can do instead, 1 to 500 characters.
    #[schema(example = "请联系当地营业厅办理")]
    pub suggestion: String,
}

/// Refuses a work order
///
/// Needs `If-Match`. The order keeps its number; whoever sent it reads reason and suggestion with the order. No visit of
/// it can be planned any more.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid` if it is refused or has a visit that was not
/// cancelled, `invalid` naming the field.
#[utoipa::path(post, path = "/v1/work-orders/{work_order_id}/refuse", operation_id = "refuse_work_order", tag = "work orders",
    params(("work_order_id" = WorkOrderId, Path, description = "The work order"),
        ("If-Match" = String, Header, description = "ETag of the order as read", example = "\"1\"")),
    request_body = RefuseIn,
    responses((status = 200, description = "The work order", body = WorkOrderOut), Problems),
    security(("bearer" = [])))]
pub async fn refuse_work_order(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<WorkOrderId>,
    IfMatch(version): IfMatch,
    Json(body): Json<RefuseIn>,
) -> Result<HttpResponse, ApiError> {
    let new = NewRefusal { reason_code: body.reason_code, reason: body.reason, suggestion: body.suggestion };
    once(ctx, answer, |ctx| work_orders::refuse_work_order(&state, ctx, id, version, new)).await
}

fn answer(order: WorkOrder) -> AppResult<Answer> {
    shown(Some(order.row.version), &WorkOrderOut::from(order))
}
