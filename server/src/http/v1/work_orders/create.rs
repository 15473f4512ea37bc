//! POST /v1/work-orders

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::{CustomerId, SiteId};
use utoipa::ToSchema;

use super::WorkOrderOut;
use crate::app::once::Answer;
use crate::app::work_orders::OrderData;
use crate::app::work_orders::WorkOrder;
use crate::app::{AppResult, AppState, Ctx, work_orders};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// A work order to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_id": "01955f2c-3000-7000-8000-000000000001", "site_id": "01955f2c-3000-7000-8000-000000000002",
    "type": "install", "channel": "hotline", "fields": { "contracted_mbps": "500" }
}))]
pub struct WorkOrderIn {
    /// Whose order.
    pub customer_id: CustomerId,
    /// Where.
    pub site_id: SiteId,
    /// Number in the ordering system, unique in the organisation.
    #[serde(default)]
    #[schema(example = "CRM-88001")]
    pub external_ref: Option<String>,
    /// The 209 number of broadband orders.
    #[serde(default)]
    #[schema(example = "20900088001")]
    pub number_209: Option<String>,
    /// `install`, `remove`, `move`, `repair`, `return_visit`, `retention`, `survey`, `call`, `complaint` or `inspection`.
    #[serde(rename = "type")]
    #[schema(example = "install")]
    pub kind: String,
    /// `hotline`, `store`, `web`, `app`, `online_marketing` or `integrator`.
    #[schema(example = "hotline")]
    pub channel: String,
    /// Facts that rules of templates read: code → text, decimals as decimal strings.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Higher goes first.
    #[serde(default)]
    pub priority: i64,
}

/// Adds a work order
///
/// It gets the next number of the year, such as `WO-2025-000001`.
///
/// # Errors
/// `invalid` naming the field, `conflict` if `external_ref` is taken.
#[utoipa::path(post, path = "/v1/work-orders", operation_id = "create_work_order", tag = "work orders",
    request_body = WorkOrderIn, responses((status = 201, description = "Added", body = WorkOrderOut), Problems),
    security(("bearer" = [])))]
pub async fn create_work_order(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<WorkOrderIn>,
) -> Result<HttpResponse, ApiError> {
    let data = OrderData {
        external_ref: body.external_ref,
        number_209: body.number_209,
        kind: body.kind,
        channel: body.channel,
        fields: body.fields,
        priority: body.priority,
    };
    once(ctx, answer, |ctx| work_orders::create_work_order(&state, ctx, body.customer_id, body.site_id, data)).await
}

fn answer(order: WorkOrder) -> AppResult<Answer> {
    created(Some(order.row.version), &WorkOrderOut::from(order))
}
