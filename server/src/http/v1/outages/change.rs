//! POST `/v1/outages/{outage_id}/work-orders`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::{OutageId, WorkOrderId};
use utoipa::ToSchema;

use super::{OutageOut, answer};
use crate::app::outages::OutageChange;
use crate::app::{AppState, Ctx, ErrorCode, Refusal, outages};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::once;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// Most orders of one request.
const MAX_ORDERS: usize = 100;

/// Which repair orders wait for an outage.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "add": ["01955f2c-3000-7000-8000-000000000002"] }))]
pub struct OutageOrdersIn {
    /// Those that wait for it from now on, at most 100.
    #[serde(default)]
    pub add: Vec<WorkOrderId>,
    /// Those that go on, at most 100.
    #[serde(default)]
    pub remove: Vec<WorkOrderId>,
    /// When it will probably be over; as it was said if absent.
    pub expected_end: Option<Instant>,
}

/// Says which repair orders wait for an outage, and until when
///
/// Needs `If-Match`. A later end ends the task about an outage that lasts longer than was said, until that end has passed, too. Those that are added are on hold with the title of the outage as reason; those that are removed go on.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid` if it is over, `order_on_hold` if an order is
/// already, `invalid` naming the order.
#[utoipa::path(post, path = "/v1/outages/{outage_id}/work-orders", operation_id = "change_outage", tag = "work orders",
    params(("outage_id" = OutageId, Path, description = "The outage"),
        ("If-Match" = String, Header, description = "ETag of the outage as read", example = "\"1\"")),
    request_body = OutageOrdersIn,
    responses((status = 200, description = "The outage", body = OutageOut), Problems), security(("bearer" = [])))]
pub async fn change_outage(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<OutageId>,
    IfMatch(version): IfMatch,
    Json(body): Json<OutageOrdersIn>,
) -> Result<HttpResponse, ApiError> {
    for (name, orders) in [("add", &body.add), ("remove", &body.remove)] {
        if orders.len() > MAX_ORDERS {
            return Err(Refusal::new(ErrorCode::Invalid).both(name, "at most 100 orders", "最多 100 个工单").into());
        }
    }
    let change = OutageChange { add: body.add, remove: body.remove, expected_end: body.expected_end.map(|end| end.0) };
    once(ctx, answer, |ctx| outages::change_outage(&state, ctx, id, version, change)).await
}
