//! GET `/v1/visits/{visit_id}`

use actix_web::{HttpResponse, web};
use sync_core::ids::VisitId;

use super::VisitOut;
use crate::app::{AppState, Ctx, visits};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::extract::if_match::tagged;
use crate::http::openapi::Problems;

/// Shows a visit with plan, state and crew
///
/// Who only reviews sees visits once they are handed in.
///
/// # Errors
/// `not_found` if absent or out of reach.
#[utoipa::path(get, path = "/v1/visits/{visit_id}", operation_id = "show_visit", tag = "visits",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "The visit", body = VisitOut), Problems), security(("bearer" = [])))]
pub async fn show_visit(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
) -> Result<HttpResponse, ApiError> {
    let visit = visits::show_visit(&state, ctx, id).await?;
    Ok(tagged(HttpResponse::Ok(), visit.row.version, &VisitOut::from(visit)))
}
