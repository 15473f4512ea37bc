//! POST `/v1/users/{user_id}/absences`

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use sync_core::dispatch::AbsenceReason;
use sync_core::ids::{UserId, VisitId, WorkOrderId};
use utoipa::ToSchema;

use super::AbsenceOut;
use crate::app::dispatch::{Handover, HandoverVisit, NewAbsence};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path, coded_field};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A time in which somebody does not work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "ill", "until": "2025-03-08T00:00:00+08:00" }))]
pub struct AbsenceIn {
    /// From this instant; from now on if it says nothing.
    #[serde(default)]
    pub from: Option<Instant>,
    /// Before this instant; needed for a leave, none for somebody who left.
    #[serde(default)]
    pub until: Option<Instant>,
    /// `ill`, `leave` or `left`.
    #[schema(example = "ill")]
    pub reason: String,
}

/// A visit that somebody else must see to.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandoverVisitOut {
    /// The visit.
    pub visit_id: VisitId,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "V-2025-000001")]
    pub number: Option<String>,
    /// The work order that it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// Planned start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_start: Option<Instant>,
    /// State of rulebook 1.3.
    #[schema(example = "scheduled")]
    pub state: String,
    /// Whether work on it has begun. That stays where it is and is evidence, whoever goes on.
    pub is_begun: bool,
    /// Version of the plan, for the confirmation.
    #[schema(example = 1)]
    pub version: i64,
}

impl From<Handover> for HandoverOut {
    fn from(handover: Handover) -> Self {
        let visits = handover.visits.into_iter().map(HandoverVisitOut::from).collect();
        Self { absence: handover.absence.into(), visits, is_complete: handover.is_complete }
    }
}

impl From<HandoverVisit> for HandoverVisitOut {
    fn from(visit: HandoverVisit) -> Self {
        let row = visit.row;
        Self {
            visit_id: row.id.0,
            number: row.number,
            work_order_id: row.work_order_id.map(|id| id.0),
            planned_start: row.planned_start_ms.map(Instant::from),
            state: visit.state.code().to_owned(),
            is_begun: visit.is_begun,
            version: row.version,
        }
    }
}

/// An absence with what it leaves to others.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandoverOut {
    /// The absence.
    pub absence: AbsenceOut,
    /// Open visits of that time, by start. They stay where they are until somebody else is confirmed
    /// (`/v1/dispatch/proposals` with `from_rep`).
    pub visits: Vec<HandoverVisitOut>,
    /// False if there are more than 500.
    pub is_complete: bool,
}

/// Notes that somebody does not work
///
/// Nobody gives him visits of that time any more. The answer lists his open visits of that time; those planned earlier that
/// are not done are among them once the absence has begun.
///
/// # Errors
/// `not_found` for a person out of reach, `invalid` naming the field.
#[utoipa::path(post, path = "/v1/users/{user_id}/absences", operation_id = "create_absence", tag = "dispatch",
    params(("user_id" = UserId, Path, description = "Who does not work")), request_body = AbsenceIn,
    responses((status = 201, description = "Noted", body = HandoverOut), Problems), security(("bearer" = [])))]
pub async fn create_absence(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(user): Path<UserId>,
    Json(body): Json<AbsenceIn>,
) -> Result<HttpResponse, ApiError> {
    let codes = AbsenceReason::ALL.iter().map(|reason| reason.code());
    let new = NewAbsence {
        from: body.from.map_or(ctx.now, |from| from.0),
        until: body.until.map(|until| until.0),
        reason: coded_field("reason", &body.reason, AbsenceReason::from_code, codes)?,
    };
    once(ctx, answer, |ctx| dispatch::create_absence(&state, ctx, user, new)).await
}

fn answer(handover: Handover) -> AppResult<Answer> {
    created(None, &HandoverOut::from(handover))
}
