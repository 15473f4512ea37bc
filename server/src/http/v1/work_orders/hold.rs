//! POST `/v1/work-orders/{work_order_id}/hold` and `/resume`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::WorkOrderId;
use utoipa::ToSchema;

use super::WorkOrderOut;
use crate::app::once::Answer;
use crate::app::work_orders::{NewHold, WorkOrder};
use crate::app::{AppResult, AppState, Ctx, work_orders};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// Why nobody works on an order for the time being.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "等待物业配合" }))]
pub struct HoldIn {
    /// Why, 1 to 500 characters.
    #[schema(example = "等待物业配合")]
    pub reason: String,
    /// When it will probably go on; a person resumes it all the same.
    #[serde(default)]
    pub until: Option<Instant>,
}

/// Puts a work order on hold
///
/// Needs `If-Match`. Its visits that nobody has begun leave the phones and are given to nobody; what a phone did with them
/// meanwhile comes as late work. What has begun goes on.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `order_on_hold` if it is already, `state_invalid` if it was
/// refused, `invalid` naming the field.
#[utoipa::path(post, path = "/v1/work-orders/{work_order_id}/hold", operation_id = "hold_work_order", tag = "work orders",
    params(("work_order_id" = WorkOrderId, Path, description = "The work order"),
        ("If-Match" = String, Header, description = "ETag of the order as read", example = "\"1\"")),
    request_body = HoldIn,
    responses((status = 200, description = "The work order", body = WorkOrderOut), Problems),
    security(("bearer" = [])))]
pub async fn hold_work_order(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<WorkOrderId>,
    IfMatch(version): IfMatch,
    Json(body): Json<HoldIn>,
) -> Result<HttpResponse, ApiError> {
    let new = NewHold { reason: body.reason, until: body.until.map(|until| until.0), outage: None };
    once(ctx, answer, |ctx| work_orders::hold_work_order(&state, ctx, id, version, new)).await
}

/// Resumes a work order
///
/// Needs `If-Match`. Its visits wait for somebody to be sent. An order that waits for an outage goes on with its end.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid` unless it is on hold by itself.
#[utoipa::path(post, path = "/v1/work-orders/{work_order_id}/resume", operation_id = "resume_work_order",
    tag = "work orders", params(("work_order_id" = WorkOrderId, Path, description = "The work order"),
        ("If-Match" = String, Header, description = "ETag of the order as read", example = "\"2\"")),
    responses((status = 200, description = "The work order", body = WorkOrderOut), Problems),
    security(("bearer" = [])))]
pub async fn resume_work_order(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<WorkOrderId>,
    IfMatch(version): IfMatch,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| work_orders::resume_work_order(&state, ctx, id, version)).await
}

fn answer(order: WorkOrder) -> AppResult<Answer> {
    shown(Some(order.row.version), &WorkOrderOut::from(order))
}
