//! GET `/v1/policies/{version}`

use actix_web::{HttpResponse, web};

use super::{PolicyOut, version_of};
use crate::app::{AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::extract::if_match::tagged;
use crate::http::openapi::Problems;

/// Shows a policy version, or the one in force
///
/// `current` names the policy in force now.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/policies/{version}", operation_id = "show_policy", tag = "templates",
    params(("version" = String, Path, description = "Version or `current`", example = "current")),
    responses((status = 200, description = "The policy", body = PolicyOut), Problems), security(("bearer" = [])))]
pub async fn show_policy(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(version): Path<String>,
) -> Result<HttpResponse, ApiError> {
    let out = PolicyOut::from(norms::show_policy(&state, ctx, version_of(&version)?).await?);
    Ok(tagged(HttpResponse::Ok(), out.version, &out))
}
