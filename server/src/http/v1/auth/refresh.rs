//! POST /v1/auth/refresh

use actix_web::web;
use serde::Deserialize;
use utoipa::ToSchema;

use super::SessionOut;
use crate::app::{AppState, auth};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::openapi::PublicProblems;

/// A refresh token, with the device's proof where the session belongs to a device.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshIn {
    /// The newest refresh token, or the one before if the last answer was lost.
    #[schema(example = "AZVfLDAAcACAAAAAAAAAAQGVXywwAHAAgAAAAAAAAAJm8w…")]
    pub refresh_token: String,
    /// JWS of the device over a nonce, `typ` `doorstep-assertion`, purpose `refresh`.
    #[serde(default)]
    #[schema(example = "eyJhbGciOiJFUzI1NiIs….eyJub25jZSI6….MEUCIQ…")]
    pub assertion: Option<String>,
}

/// Exchanges a refresh token for the next session
///
/// Idempotent for lost answers: the token before the newest works as long as the newest was never used, if the device
/// proves its key. Any other reuse ends the session.
///
/// # Errors
/// `refresh_invalid`, `refresh_reused`, `assertion_invalid`.
#[utoipa::path(post, path = "/v1/auth/refresh", operation_id = "refresh_session", tag = "auth",
    request_body = RefreshIn, responses((status = 200, description = "Next session", body = SessionOut), PublicProblems))]
pub async fn refresh_session(
    state: web::Data<AppState>,
    Json(body): Json<RefreshIn>,
) -> Result<web::Json<SessionOut>, ApiError> {
    let session = auth::refresh_session(&state, &body.refresh_token, body.assertion).await?;
    Ok(web::Json(session.into()))
}
