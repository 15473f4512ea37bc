//! POST /v1/templates

use actix_web::{HttpResponse, web};
use doorstep_store::norms::TemplateRow;

use super::body::TemplateBody;
use super::list::TemplateItemOut;
use crate::app::norms::Purpose;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// Publishes the next version of a template
///
/// The body is the template itself with its `version`, as YAML or JSON; a new code begins with 1. With `effective_from`
/// it counts from that instant on, else at once. Visits that nobody has begun follow it if they start once it counts; what
/// is begun ends under the version that it began with. All faults are told at once.
///
/// # Errors
/// `conflict` if the version is published already, `invalid` naming every fault, `media_type_unsupported`.
#[utoipa::path(post, path = "/v1/templates", operation_id = "create_template", tag = "templates",
    request_body(content(
        (serde_json::Value = "application/json", example = json!({ "code": "patrol", "version": 1 })),
        (String = "application/yaml", example = "code: patrol\nversion: 1\n"),
    )),
    responses((status = 201, description = "Published", body = TemplateItemOut), Problems),
    security(("bearer" = [])))]
pub async fn create_template(
    state: web::Data<AppState>,
    ctx: Ctx,
    TemplateBody(template): TemplateBody,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| norms::create_template(&state, ctx, template, Purpose::Publish)).await
}

fn answer(row: TemplateRow) -> AppResult<Answer> {
    created(None, &TemplateItemOut::from(row))
}
