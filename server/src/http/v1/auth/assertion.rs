//! POST /v1/auth/nonces and /v1/auth/upload-tokens

use actix_web::web;
use serde::{Deserialize, Serialize};
use sync_core::ids::OrgId;
use utoipa::ToSchema;

use super::SessionOut;
use crate::app::{AppState, auth};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::openapi::PublicProblems;
use crate::http::wire::Instant;

/// For which organisation a nonce is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NonceIn {
    /// Tenant.
    pub org_id: OrgId,
}

/// A nonce for one assertion.
#[derive(Debug, Serialize, ToSchema)]
pub struct NonceOut {
    /// Goes into the assertion.
    pub nonce: String,
    /// When it ends.
    pub expires_at: Instant,
}

/// Gives a nonce for a device to sign
///
/// Devices prove themselves by answering a server nonce, never by their clock.
///
/// # Errors
/// Database errors only.
#[utoipa::path(post, path = "/v1/auth/nonces", operation_id = "create_nonce", tag = "auth", request_body = NonceIn,
    responses((status = 201, description = "Nonce", body = NonceOut), PublicProblems))]
pub async fn create_nonce(
    state: web::Data<AppState>,
    Json(body): Json<NonceIn>,
) -> Result<actix_web::HttpResponse, ApiError> {
    let (nonce, expires_at) = auth::create_nonce(&state, body.org_id).await?;
    Ok(actix_web::HttpResponse::Created().json(NonceOut { nonce, expires_at: expires_at.into() }))
}

/// A device's proof.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadTokenIn {
    /// Tenant.
    pub org_id: OrgId,
    /// JWS of the device over a nonce, `typ` `doorstep-assertion`, purpose `upload`.
    #[schema(example = "eyJhbGciOiJFUzI1NiIs….eyJub25jZSI6….MEUCIQ…")]
    pub assertion: String,
}

/// Gives an upload-only token
///
/// For devices whose sign-in is dead: captured work is never stranded. The token reads nothing.
///
/// # Errors
/// `assertion_invalid`.
#[utoipa::path(post, path = "/v1/auth/upload-tokens", operation_id = "create_upload_token", tag = "auth",
    request_body = UploadTokenIn,
    responses((status = 201, description = "Upload-only session", body = SessionOut), PublicProblems))]
pub async fn create_upload_token(
    state: web::Data<AppState>,
    Json(body): Json<UploadTokenIn>,
) -> Result<actix_web::HttpResponse, ApiError> {
    let session = auth::create_upload_token(&state, body.org_id, body.assertion).await?;
    Ok(actix_web::HttpResponse::Created().json(SessionOut::from(session)))
}
