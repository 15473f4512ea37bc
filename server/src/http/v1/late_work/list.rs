//! GET `/v1/visits/{visit_id}/late-work`

use actix_web::web;
use sync_core::ids::VisitId;

use super::VisitLateWorkOut;
use crate::app::{AppState, Ctx, late_work};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// Lists what came late to a visit
///
/// Every record that came after the visit was given to others, cancelled, closed or handed in: who wrote it, on which
/// device, which push brought it and why that was late, which value counts instead, and what the office decided.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/late-work", operation_id = "list_visit_late_work", tag = "late work",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "Records and decisions", body = VisitLateWorkOut), Problems),
    security(("bearer" = [])))]
pub async fn list_visit_late_work(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
) -> Result<web::Json<VisitLateWorkOut>, ApiError> {
    Ok(web::Json(late_work::list_of_visit(&state, ctx, visit).await?.into()))
}
