//! POST `/v1/visits/{visit_id}/close`

use actix_web::{HttpResponse, web};
use sync_core::ids::VisitId;

use super::VisitOut;
use crate::app::once::Answer;
use crate::app::visits::Visit;
use crate::app::{AppResult, AppState, Ctx, visits};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// Closes an approved visit
///
/// Needs `If-Match`. Nothing further happens to a closed visit.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid` unless it is approved.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/close", operation_id = "close_visit", tag = "visits",
    params(("visit_id" = VisitId, Path, description = "The visit"),
        ("If-Match" = String, Header, description = "ETag of the visit as read", example = "\"1\"")),
    responses((status = 200, description = "The visit", body = VisitOut), Problems), security(("bearer" = [])))]
pub async fn close_visit(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
    IfMatch(version): IfMatch,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| visits::close_visit(&state, ctx, id, version)).await
}

fn answer(visit: Visit) -> AppResult<Answer> {
    shown(Some(visit.row.version), &VisitOut::from(visit))
}
