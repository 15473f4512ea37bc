//! GET `/v1/templates/{code}/{version}`

use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::{AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::extract::{Path, VersionNumber};
use crate::http::openapi::Problems;

/// Shows a template version, byte for byte as it was published
///
/// The `ETag` is the SHA-256 of the bytes, which statements name.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/templates/{code}/{version}", operation_id = "show_template", tag = "templates",
    params(("code" = String, Path, description = "Code", example = "broadband_install"),
        ("version" = i64, Path, description = "Version", example = 1)),
    responses((status = 200, description = "The template", body = serde_json::Value, content_type = "application/json"),
        (status = 304, description = "The client has it"), Problems),
    security(("bearer" = [])))]
pub async fn show_template(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path((code, VersionNumber(version))): Path<(String, VersionNumber)>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let row = norms::show_template(&state, ctx, code, version).await?;
    let tag = format!("\"{}\"", row.sha256);
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known == Some(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).content_type("application/json").body(row.body))
}
