//! GET `/v1/visits/{visit_id}/conflicts`

use actix_web::web;
use sync_core::ids::VisitId;

use super::VisitConflictsOut;
use crate::app::{AppState, Ctx, conflicts};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// Lists the concurrent values of a visit
///
/// Every value that two phones wrote without knowing of each other, with who, on which device, when as well as it
/// knew, the policy, and which one counts. Nothing was lost: choosing another one restores it. Values that came after
/// the hand-in are told by `show_review`.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/conflicts", operation_id = "list_visit_conflicts", tag = "conflicts",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "Conflicts and choices", body = VisitConflictsOut), Problems),
    security(("bearer" = [])))]
pub async fn list_visit_conflicts(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
) -> Result<web::Json<VisitConflictsOut>, ApiError> {
    Ok(web::Json(conflicts::list_of_visit(&state, ctx, visit).await?.into()))
}
