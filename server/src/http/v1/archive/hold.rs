//! POST `/v1/visits/{visit_id}/legal-holds`

use actix_web::{HttpResponse, web};
use doorstep_store::archive::LegalHold;
use sync_core::ids::VisitId;

use super::{HoldReasonIn, LegalHoldOut};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, archive};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// Has everything of a visit kept, however old it is
///
/// The record, the forms and the recordings stay until each legal hold of the visit is lifted.
///
/// # Errors
/// `not_found` if the visit is absent or out of reach, `invalid` without a reason.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/legal-holds", operation_id = "place_legal_hold", tag = "archive",
    params(("visit_id" = VisitId, Path, description = "The visit")), request_body = HoldReasonIn,
    responses((status = 201, description = "Placed", body = LegalHoldOut), Problems), security(("bearer" = [])))]
pub async fn place_legal_hold(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
    Json(body): Json<HoldReasonIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| archive::place_hold(&state, ctx, id, body.reason)).await
}

fn answer(hold: LegalHold) -> AppResult<Answer> {
    created(None, &LegalHoldOut::from(hold))
}
