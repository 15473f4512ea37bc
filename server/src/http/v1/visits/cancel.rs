//! POST `/v1/visits/{visit_id}/cancel`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::VisitId;
use utoipa::ToSchema;

use super::VisitOut;
use crate::app::once::Answer;
use crate::app::visits::Visit;
use crate::app::{AppResult, AppState, Ctx, visits};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// Why a visit is cancelled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "用户取消订单" }))]
pub struct CancelIn {
    /// 1 to 500 characters.
    #[schema(example = "用户取消订单")]
    pub reason: String,
}

/// Cancels a visit
///
/// Needs `If-Match`. Work the crew did meanwhile is kept as late evidence.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid` once it is handed in, `invalid`.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/cancel", operation_id = "cancel_visit", tag = "visits",
    params(("visit_id" = VisitId, Path, description = "The visit"),
        ("If-Match" = String, Header, description = "ETag of the visit as read", example = "\"1\"")),
    request_body = CancelIn,
    responses((status = 200, description = "The visit", body = VisitOut), Problems), security(("bearer" = [])))]
pub async fn cancel_visit(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
    IfMatch(version): IfMatch,
    Json(body): Json<CancelIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| visits::cancel_visit(&state, ctx, id, version, body.reason)).await
}

fn answer(visit: Visit) -> AppResult<Answer> {
    shown(Some(visit.row.version), &VisitOut::from(visit))
}
