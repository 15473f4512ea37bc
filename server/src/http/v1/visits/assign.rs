//! POST `/v1/visits/{visit_id}/assign`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::{UserId, VisitId};
use utoipa::ToSchema;

use super::VisitOut;
use crate::app::once::Answer;
use crate::app::visits::Visit;
use crate::app::{AppResult, AppState, Ctx, visits};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// The crew of a visit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "crew": ["01955f2c-3000-7000-8000-000000000004"] }))]
pub struct CrewIn {
    /// Everybody who goes, at most 10; who is not named loses the visit.
    pub crew: Vec<UserId>,
}

/// Gives a visit to a crew
///
/// Needs `If-Match`. The phones of people who lose it drop it with their next sync, after offering unsent work.
/// The same crew again changes nothing.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid`, `order_on_hold`, `rep_not_certified`, `rep_absent`,
/// `invalid` naming the member.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/assign", operation_id = "assign_visit", tag = "visits",
    params(("visit_id" = VisitId, Path, description = "The visit"),
        ("If-Match" = String, Header, description = "ETag of the visit as read", example = "\"1\"")),
    request_body = CrewIn,
    responses((status = 200, description = "The visit", body = VisitOut), Problems), security(("bearer" = [])))]
pub async fn assign_visit(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
    IfMatch(version): IfMatch,
    Json(body): Json<CrewIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| visits::assign_visit(&state, ctx, id, version, body.crew)).await
}

fn answer(visit: Visit) -> AppResult<Answer> {
    shown(Some(visit.row.version), &VisitOut::from(visit))
}
