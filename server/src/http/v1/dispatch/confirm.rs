//! POST /v1/dispatch/confirmations

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use sync_core::ids::{UserId, VisitId};
use utoipa::ToSchema;

use super::ObstacleOut;
use crate::app::dispatch::{self, Confirmation, Confirmed, Given};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, ErrorCode, FieldFault, Refusal};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// Most confirmations of one request.
const MAX_ITEMS: usize = 100;

/// Who is sent to a visit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmationIn {
    /// The visit.
    pub visit_id: VisitId,
    /// Its version as it was proposed.
    #[schema(example = 1)]
    pub version: i64,
    /// Who goes.
    pub rep_id: UserId,
    /// Whose place he takes; without, he joins whoever goes.
    #[serde(default)]
    pub from_rep: Option<UserId>,
    /// Why, although he has another visit at that time or a full day; 1 to 500 characters, kept in the audit log.
    #[serde(default)]
    #[schema(example = "用户要求由该人员上门")]
    pub despite: Option<String>,
}

/// Who is sent where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "items": [{ "visit_id": "01955f2c-3000-7000-8000-000000000001", "version": 1,
    "rep_id": "01955f2c-3000-7000-8000-000000000004" }] }))]
pub struct ConfirmIn {
    /// At most 100, carried out in this order.
    pub items: Vec<ConfirmationIn>,
}

/// What became of one confirmation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfirmedOut {
    /// The visit.
    pub visit_id: VisitId,
    /// Who was to go.
    pub rep_id: UserId,
    /// `assigned` or `refused`.
    #[schema(example = "assigned")]
    pub outcome: String,
    /// Version of the visit now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    pub version: Option<i64>,
    /// Why not: `not_found`, `stale_version`, `state_invalid`, `invalid`, `order_on_hold`, `rep_not_certified`,
    /// `rep_absent`, or `rep_busy`, which a reason in `despite` overcomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_en: Option<String>,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_zh: Option<String>,
    /// Faulty fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldFault>,
    /// What stands in the way where a reason would overcome it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obstacles: Vec<ObstacleOut>,
}

impl From<Confirmed> for ConfirmedOut {
    fn from(confirmed: Confirmed) -> Self {
        let nothing = Self {
            visit_id: confirmed.visit,
            rep_id: confirmed.rep,
            outcome: "assigned".to_owned(),
            version: None,
            code: None,
            reason_en: None,
            reason_zh: None,
            fields: Vec::new(),
            obstacles: Vec::new(),
        };
        match confirmed.given {
            Given::Assigned(version) => Self { version: Some(version), ..nothing },
            Given::Refused(refusal, hindrances) => Self {
                outcome: "refused".to_owned(),
                code: Some(refusal.code),
                reason_en: Some(refusal.detail_en.unwrap_or_else(|| refusal.code.title_en().to_owned())),
                reason_zh: Some(refusal.detail_zh.unwrap_or_else(|| refusal.code.title_zh().to_owned())),
                fields: refusal.fields,
                obstacles: hindrances.into_iter().map(ObstacleOut::from).collect(),
                ..nothing
            },
        }
    }
}

/// What became of each.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfirmOut {
    /// One result for each item, in their order.
    pub results: Vec<ConfirmedOut>,
}

/// Confirms who is sent to which visits
///
/// Each is judged again, by what is known then, and has a result of its own: what is refused hinders nothing else. Who has
/// another visit at that time or a full day is sent with a reason only; nobody is sent without the certificates that the
/// work needs, or while absent.
///
/// # Errors
/// `invalid` for more than 100 items or a faulty reason.
#[utoipa::path(post, path = "/v1/dispatch/confirmations", operation_id = "confirm_dispatch", tag = "dispatch",
    request_body = ConfirmIn,
    responses((status = 200, description = "What became of each", body = ConfirmOut), Problems),
    security(("bearer" = [])))]
pub async fn confirm_dispatch(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<ConfirmIn>,
) -> Result<HttpResponse, ApiError> {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    if body.items.len() > MAX_ITEMS {
        let refusal = Refusal::new(ErrorCode::Invalid).limit(number(MAX_ITEMS), number(body.items.len()));
        return Err(refusal.both("items", "at most 100 items", "最多 100 项").into());
    }
    let items = body.items.into_iter().map(|item| Confirmation {
        visit: item.visit_id,
        seen_version: item.version,
        rep: item.rep_id,
        from_rep: item.from_rep,
        despite: item.despite,
    });
    let items = items.collect();
    once(ctx, answer, |ctx| dispatch::confirm(&state, ctx, items)).await
}

fn answer(results: Vec<Confirmed>) -> AppResult<Answer> {
    shown(None, &ConfirmOut { results: results.into_iter().map(ConfirmedOut::from).collect() })
}
