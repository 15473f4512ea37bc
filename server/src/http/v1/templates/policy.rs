//! GET `/v1/policies/{version}` and GET `/v1/calendars/{version}`

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use sync_core::plan::CalendarRow;
use utoipa::ToSchema;

use crate::app::{AppState, Ctx, ErrorCode, norms};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::extract::if_match::tagged;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A policy version.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyOut {
    /// Version.
    #[schema(example = 1)]
    pub version: i64,
    /// When it takes effect.
    pub effective_from: Instant,
    /// Parameter → value; numbers are decimal strings.
    #[schema(example = json!({ "min_rate_ratio": "1.00" }))]
    pub parameters: BTreeMap<String, String>,
}

/// Reads `current` or a version.
fn version_of(text: &str) -> Result<Option<i64>, ApiError> {
    match text {
        "current" => Ok(None),
        number => number.parse().map(Some).map_err(|_no_number| ErrorCode::NotFound.into()),
    }
}

/// Shows a policy version, or the one in force
///
/// `current` names the policy in force now.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/policies/{version}", operation_id = "show_policy", tag = "templates",
    params(("version" = String, Path, description = "Version or `current`", example = "current")),
    responses((status = 200, description = "The policy", body = PolicyOut), Problems), security(("bearer" = [])))]
pub async fn show_policy(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(version): Path<String>,
) -> Result<HttpResponse, ApiError> {
    let policy = norms::show_policy(&state, ctx, version_of(&version)?).await?;
    let out = PolicyOut {
        version: policy.version,
        effective_from: policy.effective_from_ms.into(),
        parameters: policy.parameters,
    };
    Ok(tagged(HttpResponse::Ok(), out.version, &out))
}

/// Shows a calendar version, or the newest
///
/// Days are `YYYY-MM-DD` in the organisation's zone; `current` names the newest version.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/calendars/{version}", operation_id = "show_calendar", tag = "templates",
    params(("version" = String, Path, description = "Version or `current`", example = "current")),
    responses((status = 200, description = "The calendar", body = CalendarRow), Problems), security(("bearer" = [])))]
pub async fn show_calendar(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(version): Path<String>,
) -> Result<HttpResponse, ApiError> {
    let calendar = norms::show_calendar(&state, ctx, version_of(&version)?).await?;
    Ok(tagged(HttpResponse::Ok(), calendar.version, &calendar))
}
