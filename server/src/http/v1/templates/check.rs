//! POST /v1/templates/check

use actix_web::web;

use super::body::TemplateBody;
use super::list::TemplateItemOut;
use crate::app::norms::Purpose;
use crate::app::{AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::openapi::Problems;

/// Tells whether a version of a template could be published
///
/// Answers what would be published, or everything that is wrong with it, and keeps nothing.
///
/// # Errors
/// As `POST /v1/templates`.
#[utoipa::path(post, path = "/v1/templates/check", operation_id = "check_template", tag = "templates",
    request_body(content(
        (serde_json::Value = "application/json", example = json!({ "code": "patrol", "version": 1 })),
        (String = "application/yaml", example = "code: patrol\nversion: 1\n"),
    )),
    responses((status = 200, description = "What would be published", body = TemplateItemOut), Problems),
    security(("bearer" = [])))]
pub async fn check_template(
    state: web::Data<AppState>,
    ctx: Ctx,
    TemplateBody(template): TemplateBody,
) -> Result<web::Json<TemplateItemOut>, ApiError> {
    Ok(web::Json(norms::create_template(&state, ctx, template, Purpose::Check).await?.into()))
}
