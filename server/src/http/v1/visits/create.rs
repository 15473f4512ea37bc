//! POST /v1/visits

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::{UserId, WorkOrderId};
use utoipa::ToSchema;

use super::{AppointmentIn, VisitOut, planned_time};
use crate::app::once::Answer;
use crate::app::visits::NewVisit;
use crate::app::visits::Visit;
use crate::app::{AppResult, AppState, Ctx, visits};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, once};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A visit to plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "work_order_id": "01955f2c-3000-7000-8000-000000000003", "template": "broadband_install",
    "crew": ["01955f2c-3000-7000-8000-000000000004"],
    "appointment": { "start": "2025-03-04T10:00:00+08:00", "proposed_by": "customer" }
}))]
pub struct VisitIn {
    /// The work order.
    pub work_order_id: WorkOrderId,
    /// Template; the version in force at the planned start counts.
    #[schema(example = "broadband_install")]
    pub template: String,
    /// Who goes; may be empty.
    #[serde(default)]
    pub crew: Vec<UserId>,
    /// The appointment.
    #[serde(default)]
    pub appointment: Option<AppointmentIn>,
    /// Planned start without an appointment.
    #[serde(default)]
    pub planned_start: Option<Instant>,
}

/// Plans a visit for a work order
///
/// It follows the template and the policy in force at its planned start, and later ones too until its crew begins: with the
/// first record the phone pins what it has. It reaches the phones of the crew with their next sync.
///
/// # Errors
/// `invalid` naming the field, `state_invalid` while an earlier visit of the order is open, `order_on_hold`,
/// `rep_not_certified`, `rep_absent`.
#[utoipa::path(post, path = "/v1/visits", operation_id = "create_visit", tag = "visits", request_body = VisitIn,
    responses((status = 201, description = "Planned", body = VisitOut), Problems), security(("bearer" = [])))]
pub async fn create_visit(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<VisitIn>,
) -> Result<HttpResponse, ApiError> {
    let time = planned_time(body.appointment, body.planned_start, ctx.now)?;
    let new = NewVisit { work_order: body.work_order_id, template: body.template, crew: body.crew, time };
    once(ctx, answer, |ctx| visits::create_visit(&state, ctx, new)).await
}

fn answer(visit: Visit) -> AppResult<Answer> {
    created(Some(visit.row.version), &VisitOut::from(visit))
}
