//! POST `/v1/visits/{visit_id}/late-work`

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use sync_core::ids::{LateDecisionId, VisitId};
use sync_core::merge::view::OpId;
use sync_core::plan::LateVerdict;
use utoipa::ToSchema;

use super::{LateDecisionOut, VisitLateWorkOut};
use crate::app::late_work::{self, Decided, Deciding};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// A decision about work that came late.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "id": "01955f2c-3000-7000-8000-00000000c004",
    "decision": "accept",
    "ops": [{ "counter": 31, "actor": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a" }],
    "reason": "交接前已完成的测试"
}))]
pub struct LateDecisionIn {
    /// Made by the client (UUIDv7): sending the decision again has no effect.
    pub id: LateDecisionId,
    /// Whether the operations count.
    pub decision: LateVerdict,
    /// The operations that were looked at, as `list_visit_late_work` gave them; later late work is undecided anew.
    pub ops: Vec<OpId>,
    /// Why, 1 to 500 characters; the rep reads it.
    #[schema(example = "交接前已完成的测试")]
    pub reason: String,
}

/// What a decision led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct LateDecidedOut {
    /// The decision.
    pub decision: LateDecisionOut,
    /// State of the visit with it.
    #[schema(example = "under_review")]
    pub state: String,
    /// What came late to the visit, with it.
    pub late_work: VisitLateWorkOut,
}

impl From<Decided> for LateDecidedOut {
    fn from(decided: Decided) -> Self {
        Self {
            decision: decided.decision.into(),
            state: decided.state.code().to_owned(),
            late_work: decided.late.into(),
        }
    }
}

/// Decides whether work that came late counts
///
/// What is accepted counts from then on, on every phone and in the office; what is declined stays out. Either is kept.
/// A newer decision about the same operations takes the place of an older one.
///
/// # Errors
/// `stale_content` unless all of the operations came late, `state_invalid` once the visit was approved or closed for
/// whatever changes what counts: accepting, and declining what was accepted; `invalid`, `idempotency_mismatch`.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/late-work", operation_id = "decide_late_work", tag = "late work",
    request_body = LateDecisionIn, params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 201, description = "Decided", body = LateDecidedOut), Problems), security(("bearer" = [])))]
pub async fn decide_late_work(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
    Json(body): Json<LateDecisionIn>,
) -> Result<HttpResponse, ApiError> {
    let LateDecisionIn { id, decision, ops, reason } = body;
    let sent = Deciding { id, decision, ops, reason };
    once(ctx, answer, |ctx| late_work::decide_late_work(&state, ctx, visit, sent)).await
}

fn answer(decided: Decided) -> AppResult<Answer> {
    created(None, &LateDecidedOut::from(decided))
}
