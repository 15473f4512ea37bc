//! POST `/v1/visits/{visit_id}/review/claim`

use actix_web::web;
use sync_core::ids::VisitId;

use super::ReviewClaimOut;
use crate::app::{AppState, Ctx, reviews};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// Claims a visit for review, or renews the claim
///
/// The claim lasts ten minutes; every verdict renews it. While it lasts nobody else can judge the visit.
///
/// # Errors
/// `four_eyes` if the asker executed the visit, `state_invalid` unless it is under review, `claimed_by_other`.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/review/claim", operation_id = "claim_review", tag = "reviews",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "Claimed", body = ReviewClaimOut), Problems),
    security(("bearer" = [])))]
pub async fn claim_review(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
) -> Result<web::Json<ReviewClaimOut>, ApiError> {
    Ok(web::Json(reviews::claim_review(&state, ctx, visit).await?.into()))
}
