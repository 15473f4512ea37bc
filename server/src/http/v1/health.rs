//! Health, readiness and public keys.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::installation::public_keys;
use crate::app::{AppState, health};
use crate::http::error::ApiError;
use crate::http::openapi::PublicProblems;

/// Whether requests can be served, and what whoever runs the server should know.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadinessOut {
    /// Always `ok`.
    #[schema(example = "ok")]
    pub status: String,
    /// `current`; `newer` where a newer version has migrated the database already: this one goes on, and should be
    /// updated.
    #[schema(example = "current")]
    pub schema: String,
}

/// A plain yes.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthOut {
    /// Always `ok`.
    #[schema(example = "ok")]
    pub status: String,
}

fn ok() -> web::Json<HealthOut> {
    web::Json(HealthOut { status: "ok".to_owned() })
}

/// Tells that the process lives
///
/// Never depends on the database.
#[utoipa::path(get, path = "/healthz", operation_id = "show_health", tag = "health",
    responses((status = 200, description = "Alive", body = HealthOut), PublicProblems))]
pub async fn show_health() -> web::Json<HealthOut> {
    ok()
}

/// Tells whether requests can be served
///
/// Asks the database, whether it has every migration and can be written, and whether blobs can be written. False from
/// the moment the process is told to stop.
///
/// # Errors
/// `not_ready` says what is missing.
#[utoipa::path(get, path = "/readyz", operation_id = "show_readiness", tag = "health",
    responses((status = 200, description = "Ready", body = ReadinessOut), PublicProblems))]
pub async fn show_readiness(state: web::Data<AppState>) -> Result<web::Json<ReadinessOut>, ApiError> {
    let ready = health::check_ready(&state).await?;
    let schema = if ready.is_schema_newer { "newer" } else { "current" };
    Ok(web::Json(ReadinessOut { status: "ok".to_owned(), schema: schema.to_owned() }))
}

/// A set of public keys (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySetOut {
    /// The keys, oldest first.
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<Value>,
}

fn key_set(keys: &[crate::auth::keys::ServerKey]) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "public, max-age=300"))
        .json(KeySetOut { keys: keys.iter().map(crate::auth::keys::ServerKey::jwk).collect() })
}

/// Shows the keys of access tokens
///
/// Rotated away; a token names its key by `kid`.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "show_jwks", tag = "keys",
    responses((status = 200, description = "Keys", body = KeySetOut), PublicProblems))]
pub async fn show_jwks(state: web::Data<AppState>) -> HttpResponse {
    key_set(&public_keys(&state).await.access)
}

/// Shows the keys of receipts
///
/// Never removed, so that old evidence verifies for ever.
#[utoipa::path(get, path = "/.well-known/evidence-keys.json", operation_id = "show_evidence_keys", tag = "keys",
    responses((status = 200, description = "Keys", body = KeySetOut), PublicProblems))]
pub async fn show_evidence_keys(state: web::Data<AppState>) -> HttpResponse {
    key_set(&public_keys(&state).await.evidence)
}
