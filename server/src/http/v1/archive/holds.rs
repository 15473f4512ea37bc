//! GET `/v1/visits/{visit_id}/legal-holds`

use actix_web::web;
use serde::Serialize;
use sync_core::ids::VisitId;
use utoipa::ToSchema;

use super::LegalHoldOut;
use crate::app::{AppState, Ctx, archive};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// The legal holds of a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct LegalHoldsOut {
    /// Oldest first, those that are over among them.
    pub items: Vec<LegalHoldOut>,
}

/// Lists the legal holds of a visit
///
/// Those that are over are among them, with who lifted them and why.
///
/// # Errors
/// `not_found` if the visit is absent or out of reach.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/legal-holds", operation_id = "list_legal_holds", tag = "archive",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "Legal holds", body = LegalHoldsOut), Problems), security(("bearer" = [])))]
pub async fn list_legal_holds(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
) -> Result<web::Json<LegalHoldsOut>, ApiError> {
    let items = archive::list_holds(&state, ctx, id).await?.into_iter().map(LegalHoldOut::from).collect();
    Ok(web::Json(LegalHoldsOut { items }))
}
