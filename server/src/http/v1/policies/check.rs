//! POST /v1/policies/check

use actix_web::web;

use super::{PolicyIn, PolicyOut};
use crate::app::norms::Purpose;
use crate::app::{AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::openapi::Problems;

/// Tells whether a version of the policy could be published
///
/// Answers what would be published, or everything that is wrong with it, and keeps nothing.
///
/// # Errors
/// As `POST /v1/policies`.
#[utoipa::path(post, path = "/v1/policies/check", operation_id = "check_policy", tag = "templates",
    request_body = PolicyIn,
    responses((status = 200, description = "What would be published", body = PolicyOut), Problems),
    security(("bearer" = [])))]
pub async fn check_policy(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<PolicyIn>,
) -> Result<web::Json<PolicyOut>, ApiError> {
    Ok(web::Json(norms::create_policy(&state, ctx, body.into(), Purpose::Check).await?.into()))
}
