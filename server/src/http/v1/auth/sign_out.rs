//! POST /v1/auth/sign-out

use actix_web::{HttpResponse, web};

use crate::app::{AppState, Ctx, auth};
use crate::http::error::ApiError;
use crate::http::openapi::Problems;

/// Signs out
///
/// Ends the session, and with a phone's token every session of the phone; what the phone captured stays on it and can
/// still be uploaded by assertion.
///
/// # Errors
/// `token_invalid`.
#[utoipa::path(post, path = "/v1/auth/sign-out", operation_id = "sign_out", tag = "auth",
    responses((status = 204, description = "Signed out"), Problems), security(("bearer" = [])))]
pub async fn sign_out(state: web::Data<AppState>, ctx: Ctx) -> Result<HttpResponse, ApiError> {
    auth::sign_out(&state, ctx).await?;
    Ok(HttpResponse::NoContent().finish())
}
