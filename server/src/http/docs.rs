//! The documentation page, served from the binary: Swagger UI without outside scripts.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};

use crate::app::ErrorCode;
use crate::http::error::ApiError;

/// Scripts and styles come from this server only.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";

/// Sends people to the page.
#[get("/docs")]
pub async fn redirect() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header(("location", "/docs/index.html")).finish()
}

/// Serves a file of the page.
///
/// # Errors
/// `not_found` for files the page does not have.
#[get("/docs/{file:.*}")]
pub async fn show(file: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let config = Arc::new(utoipa_swagger_ui::Config::from("/openapi.json"));
    let served = utoipa_swagger_ui::serve(&file, config)
        .map_err(|error| crate::app::AppError::Internal(format!("documentation page: {error}")))?;
    let Some(served) = served else { return Err(ErrorCode::NotFound.into()) };
    Ok(HttpResponse::Ok()
        .content_type(served.content_type)
        .insert_header(("content-security-policy", CONTENT_SECURITY_POLICY))
        .body(served.bytes.into_owned()))
}
