//! POST `/v1/legal-holds/{hold_id}/lift`

use actix_web::{HttpResponse, web};
use doorstep_store::archive::LegalHold;
use sync_core::ids::LegalHoldId;

use super::{HoldReasonIn, LegalHoldOut};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, archive};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// Lifts a legal hold
///
/// Who placed it, why, and why it is over stay to be read.
///
/// # Errors
/// `not_found`, `state_invalid` if it is over already, `invalid` without a reason.
#[utoipa::path(post, path = "/v1/legal-holds/{hold_id}/lift", operation_id = "lift_legal_hold", tag = "archive",
    params(("hold_id" = LegalHoldId, Path, description = "The hold")), request_body = HoldReasonIn,
    responses((status = 200, description = "Lifted", body = LegalHoldOut), Problems), security(("bearer" = [])))]
pub async fn lift_legal_hold(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<LegalHoldId>,
    Json(body): Json<HoldReasonIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| archive::lift_hold(&state, ctx, id, body.reason)).await
}

fn answer(hold: LegalHold) -> AppResult<Answer> {
    shown(None, &LegalHoldOut::from(hold))
}
