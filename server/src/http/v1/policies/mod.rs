//! The policy: its keys and its published versions.

pub mod check;
pub mod create;
pub mod keys;
pub mod list;
pub mod show;
pub mod withdraw;

use std::collections::BTreeMap;

use doorstep_store::withdrawals::WithdrawalRow;
use serde::{Deserialize, Serialize};
use sync_core::ids::UserId;
use sync_core::plan::PolicyRow;
use utoipa::ToSchema;

use crate::app::ErrorCode;
use crate::app::norms::NewPolicy;
use crate::http::error::ApiError;
use crate::http::extract::VersionNumber;
use crate::http::wire::Instant;

/// A policy version.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyOut {
    /// Version.
    #[schema(example = 1)]
    pub version: i64,
    /// When it takes effect.
    pub effective_from: Instant,
    /// Key → value; numbers are decimal strings.
    #[schema(example = json!({ "min_rate_ratio": "1.00" }))]
    pub parameters: BTreeMap<String, String>,
}

impl From<PolicyRow> for PolicyOut {
    fn from(row: PolicyRow) -> Self {
        Self { version: row.version, effective_from: row.effective_from_ms.into(), parameters: row.parameters }
    }
}

/// What the next version says otherwise than the newest.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "base_version": 1, "effective_from": "2035-03-05T00:00:00+08:00",
    "parameters": { "absence_wait_minutes": "20", "max_flatness_mm": "3.0" }
}))]
pub struct PolicyIn {
    /// The newest version as its author read it: `items` of the list name it last.
    pub base_version: i64,
    /// From when it counts, later than the newest version takes effect; at once if absent.
    #[schema(value_type = Option<Instant>)]
    pub effective_from: Option<String>,
    /// What differs, by key; `null` goes back to the default, or to no value where there is none.
    pub parameters: BTreeMap<String, Option<String>>,
}

impl From<PolicyIn> for NewPolicy {
    fn from(body: PolicyIn) -> Self {
        Self { base_version: body.base_version, effective_from: body.effective_from, changes: body.parameters }
    }
}

/// Why a version is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "须先发布紧急版本" }))]
pub struct WithdrawalIn {
    /// 1 to 500 characters.
    #[schema(example = "须先发布紧急版本")]
    pub reason: String,
}

/// How a version was taken back.
#[derive(Debug, Serialize, ToSchema)]
pub struct WithdrawalOut {
    /// Version.
    #[schema(example = 2)]
    pub version: i64,
    /// When.
    pub at: Instant,
    /// By whom.
    pub by: UserId,
    /// Why.
    #[schema(example = "须先发布紧急版本")]
    pub reason: String,
}

impl From<WithdrawalRow> for WithdrawalOut {
    fn from(row: WithdrawalRow) -> Self {
        Self { version: row.version, at: row.withdrawn_at_ms.into(), by: row.withdrawn_by.0, reason: row.reason }
    }
}

/// Reads `current` or a version.
///
/// # Errors
/// `not_found` for anything else.
pub(super) fn version_of(text: &str) -> Result<Option<i64>, ApiError> {
    if text == "current" {
        return Ok(None);
    }
    let VersionNumber(version) = VersionNumber::parse(text).ok_or(ErrorCode::NotFound)?;
    Ok(Some(version))
}
