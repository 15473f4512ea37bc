//! POST `/v1/visits/{visit_id}/next-attempt`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::{UserId, VisitId};
use utoipa::ToSchema;

use super::{AppointmentIn, VisitOut, planned_time};
use crate::app::once::Answer;
use crate::app::visits::Visit;
use crate::app::{AppResult, AppState, Ctx, visits};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// Crew and time of the next attempt.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "crew": ["01955f2c-3000-7000-8000-000000000004"],
    "appointment": { "start": "2025-03-05T09:00:00+08:00", "proposed_by": "customer" }
}))]
pub struct NextAttemptIn {
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

/// Plans the next attempt after a visit whose work was not done
///
/// A new visit of the same work order and template with a raised priority (APT-09); a visit has one next attempt.
///
/// # Errors
/// `not_found`, `state_invalid`, `conflict` if there is one already, `order_on_hold`, `rep_not_certified`, `rep_absent`,
/// `invalid` naming the field.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/next-attempt", operation_id = "create_next_attempt", tag = "visits",
    params(("visit_id" = VisitId, Path, description = "The visit before")), request_body = NextAttemptIn,
    responses((status = 201, description = "The new visit", body = VisitOut), Problems),
    security(("bearer" = [])))]
pub async fn create_next_attempt(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
    Json(body): Json<NextAttemptIn>,
) -> Result<HttpResponse, ApiError> {
    let time = planned_time(body.appointment, body.planned_start, ctx.now)?;
    once(ctx, answer, |ctx| visits::create_next_attempt(&state, ctx, id, body.crew, time)).await
}

fn answer(visit: Visit) -> AppResult<Answer> {
    created(Some(visit.row.version), &VisitOut::from(visit))
}
