//! POST `/v1/visits/{visit_id}/verdicts`

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use sync_core::bytes::Hash;
use sync_core::ids::{DecisionId, VerdictId, VisitId};
use utoipa::ToSchema;

use super::{ReworkOut, VerdictOut};
use crate::app::once::Answer;
use crate::app::reviews::{self, JudgedVisit, VisitVerdict};
use crate::app::{AppResult, AppState, Ctx};
use crate::domain::review_words::{ReturnReason, VisitDecision};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// A verdict on a visit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "id": "01955f2c-3000-7000-8000-00000000c002",
    "heads": ["5f6224fdd6cec28e617b86daa18daea7fe690e0e48724efe6c1f72b845af272c"],
    "decision": "return",
    "reason": "photos_rejected"
}))]
pub struct VisitVerdictIn {
    /// Made by the client (UUIDv7): sending the verdict again has no effect.
    pub id: VerdictId,
    /// The document heads that were looked at, as `show_review` gave them.
    pub heads: Vec<Hash>,
    /// The newest decision about what counts, as `show_review` gave it; absent where it gave none.
    #[serde(default)]
    pub last_decision: Option<DecisionId>,
    /// The decision.
    pub decision: VisitDecision,
    /// Why it is returned; needed where no photo is rejected.
    #[serde(default)]
    pub reason: Option<ReturnReason>,
    /// Text for the rep, up to 500 characters.
    #[serde(default)]
    #[schema(example = "请重拍标签照片")]
    pub comment: Option<String>,
}

/// What a verdict on a visit led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct JudgedVisitOut {
    /// The verdict.
    pub verdict: VerdictOut,
    /// The ticket of a return.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rework: Option<ReworkOut>,
    /// `approved` or `returned`.
    #[schema(example = "returned")]
    pub state: String,
}

impl From<JudgedVisit> for JudgedVisitOut {
    fn from(judged: JudgedVisit) -> Self {
        Self {
            verdict: judged.verdict.into(),
            rework: judged.rework.map(ReworkOut::from),
            state: judged.state.code().to_owned(),
        }
    }
}

/// Approves a visit, or returns it to its crew
///
/// Approval needs an approving verdict on the current content of every photo of a required slot, and none rejected.
/// A return opens a rework ticket with exactly the rejected slots; the phone gets it in its next sync and reopens
/// only those. Ends the claim.
///
/// # Errors
/// `stale_content` if the visit changed since those heads or what counts was decided since, `four_eyes`,
/// `claimed_by_other`, `state_invalid` naming the photos that await approval, `invalid` for a return without rejected
/// photo and reason, `idempotency_mismatch`.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/verdicts", operation_id = "judge_visit", tag = "reviews",
    request_body = VisitVerdictIn, params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 201, description = "Judged", body = JudgedVisitOut), Problems), security(("bearer" = [])))]
pub async fn judge_visit(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
    Json(body): Json<VisitVerdictIn>,
) -> Result<HttpResponse, ApiError> {
    let sent = VisitVerdict {
        id: body.id,
        heads: body.heads,
        last_decision: body.last_decision,
        decision: body.decision,
        reason: body.reason,
        comment: body.comment,
    };
    once(ctx, answer, |ctx| reviews::judge_visit(&state, ctx, visit, sent)).await
}

fn answer(judged: JudgedVisit) -> AppResult<Answer> {
    created(None, &JudgedVisitOut::from(judged))
}
