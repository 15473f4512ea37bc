//! GET /v1/templates

use actix_web::web;
use doorstep_store::norms::TemplateRow;
use doorstep_store::withdrawals::WithdrawalRow;
use serde::Serialize;
use sync_core::bytes::Hash;
use utoipa::ToSchema;

use crate::app::{AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::openapi::Problems;
use crate::http::v1::policies::WithdrawalOut;
use crate::http::wire::Instant;

/// A published template version.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateItemOut {
    /// Code.
    #[schema(example = "broadband_install")]
    pub code: String,
    /// Version.
    #[schema(example = 1)]
    pub version: i64,
    /// SHA-256 of the template as served.
    pub sha256: Hash,
    /// When it was published.
    pub published_at: Instant,
    /// From when visits follow it.
    pub effective_from: Instant,
    /// How it was taken back, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<WithdrawalOut>,
}

impl From<TemplateRow> for TemplateItemOut {
    fn from(row: TemplateRow) -> Self {
        Self::from((row, None))
    }
}

impl From<(TemplateRow, Option<WithdrawalRow>)> for TemplateItemOut {
    fn from((row, withdrawal): (TemplateRow, Option<WithdrawalRow>)) -> Self {
        Self {
            withdrawal: withdrawal.map(WithdrawalOut::from),
            code: row.code,
            version: row.version,
            sha256: row.sha256.0,
            published_at: row.published_at_ms.into(),
            effective_from: row.effective_from_ms.into(),
        }
    }
}

/// Every published template version.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplatesOut {
    /// By code and version.
    pub items: Vec<TemplateItemOut>,
}

/// Lists templates with all their versions
///
/// A published version never changes and stays usable for ever.
///
/// # Errors
/// `token_invalid`.
#[utoipa::path(get, path = "/v1/templates", operation_id = "list_templates", tag = "templates",
    responses((status = 200, description = "Templates", body = TemplatesOut), Problems), security(("bearer" = [])))]
pub async fn list_templates(state: web::Data<AppState>, ctx: Ctx) -> Result<web::Json<TemplatesOut>, ApiError> {
    let rows = norms::list_templates(&state, ctx).await?;
    Ok(web::Json(TemplatesOut { items: rows.into_iter().map(TemplateItemOut::from).collect() }))
}
