//! GET /v1/policies

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use super::WithdrawalOut;
use crate::app::{AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A published policy version.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyItemOut {
    /// Version.
    #[schema(example = 1)]
    pub version: i64,
    /// When it takes effect.
    pub effective_from: Instant,
    /// Whether it is the one in force now.
    pub is_in_force: bool,
    /// How it was taken back, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<WithdrawalOut>,
}

/// Every published policy version.
#[derive(Debug, Serialize, ToSchema)]
pub struct PoliciesOut {
    /// Oldest first: the last that was not withdrawn is the base of the next.
    pub items: Vec<PolicyItemOut>,
}

/// Lists all versions of the policy
///
/// A published version never changes and stays usable for ever.
///
/// # Errors
/// `token_invalid`.
#[utoipa::path(get, path = "/v1/policies", operation_id = "list_policies", tag = "templates",
    responses((status = 200, description = "Policies", body = PoliciesOut), Problems), security(("bearer" = [])))]
pub async fn list_policies(state: web::Data<AppState>, ctx: Ctx) -> Result<web::Json<PoliciesOut>, ApiError> {
    let items = norms::list_policies(&state, ctx).await?.into_iter().map(|one| PolicyItemOut {
        version: one.version,
        effective_from: one.effective_from.into(),
        is_in_force: one.is_in_force,
        withdrawal: one.withdrawal.map(WithdrawalOut::from),
    });
    Ok(web::Json(PoliciesOut { items: items.collect() }))
}
