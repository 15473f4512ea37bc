//! GET /v1/policy-keys

use actix_web::web;
use serde::Serialize;
use sync_core::policy::{Kind, Parameter, keys};
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::http::error::ApiError;
use crate::http::openapi::Problems;

/// A name in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct LabelOut {
    /// English.
    pub en: &'static str,
    /// Chinese.
    #[serde(rename = "zh-CN")]
    pub zh_cn: &'static str,
}

/// A key of the policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyKeyOut {
    /// The key.
    #[schema(example = "absence_wait_minutes")]
    pub key: &'static str,
    /// What it is.
    pub label: LabelOut,
    /// What its value is: `integer`, `decimal`, `time of day`, `month-day`, `choice`, `list`, `day span`, `phone number` or `flag`.
    #[schema(example = "integer")]
    pub kind: &'static str,
    /// What its value counts; empty texts where it needs no unit.
    pub unit: LabelOut,
    /// What counts where a version says nothing; absent where nothing is judged then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "15")]
    pub default: Option<String>,
    /// The least value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1")]
    pub least: Option<String>,
    /// The greatest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "240")]
    pub most: Option<String>,
    /// The codes of a choice or list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<&'static str>,
    /// Rules of the rulebook that read it.
    #[schema(example = json!(["APT-06"]))]
    pub rules: Vec<&'static str>,
    /// Where the default comes from.
    #[schema(example = "the rule")]
    pub source: String,
}

/// Every key of the policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyKeysOut {
    /// By family, as the table has them.
    pub items: Vec<PolicyKeyOut>,
}

impl From<&Parameter> for PolicyKeyOut {
    fn from(row: &Parameter) -> Self {
        let (least, most) = row.kind.bounds().map(|(least, most)| (least.to_string(), most.to_string())).unzip();
        let codes = match row.kind {
            Kind::OneOf(kind) => kind.of.to_vec(),
            Kind::ListOf(kind) => kind.of.to_vec(),
            _ => Vec::new(),
        };
        Self {
            key: row.key,
            label: LabelOut { en: row.en, zh_cn: row.zh },
            kind: row.kind.name(),
            unit: LabelOut { en: row.unit.en(), zh_cn: row.unit.zh() },
            default: row.kind.default(),
            least,
            most,
            codes,
            rules: row.rules.to_vec(),
            source: row.source.text(),
        }
    }
}

/// Lists the keys of the policy
///
/// With kind, unit, bounds and default of each: what a version may say.
///
/// # Errors
/// `token_invalid`.
#[utoipa::path(get, path = "/v1/policy-keys", operation_id = "list_policy_keys", tag = "templates",
    responses((status = 200, description = "Keys", body = PolicyKeysOut), Problems), security(("bearer" = [])))]
pub async fn list_policy_keys(_ctx: Ctx) -> Result<web::Json<PolicyKeysOut>, ApiError> {
    Ok(web::Json(PolicyKeysOut { items: keys::all().map(PolicyKeyOut::from).collect() }))
}
