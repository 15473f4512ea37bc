//! POST `/v1/absences/{absence_id}/end`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::AbsenceId;
use utoipa::ToSchema;

use super::create::HandoverOut;
use crate::app::dispatch::Handover;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// When an absence ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct EndAbsenceIn {
    /// When; now if it says nothing. One that has not begun never counts.
    #[serde(default)]
    pub at: Option<Instant>,
}

/// Ends an absence
///
/// Early, or at all; from then on visits may be given to the person again. Until it is over the end may be said again, and
/// what was said last counts; everything that was said stays.
///
/// # Errors
/// `not_found`, `state_invalid` if it is over, `invalid` for an instant behind the end first noted, or the one that it has.
#[utoipa::path(post, path = "/v1/absences/{absence_id}/end", operation_id = "end_absence", tag = "dispatch",
    params(("absence_id" = AbsenceId, Path, description = "The absence")), request_body = EndAbsenceIn,
    responses((status = 200, description = "The absence, and what others take over", body = HandoverOut), Problems), security(("bearer" = [])))]
pub async fn end_absence(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<AbsenceId>,
    Json(body): Json<EndAbsenceIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| dispatch::end_absence(&state, ctx, id, body.at.map(|at| at.0))).await
}

fn answer(handover: Handover) -> AppResult<Answer> {
    shown(None, &HandoverOut::from(handover))
}
