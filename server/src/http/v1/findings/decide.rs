//! POST `/v1/visits/{visit_id}/photos/{photo_id}/findings/decisions`

use actix_web::{HttpResponse, web};
use doorstep_store::findings::FindingDecisionRow;
use serde::{Deserialize, Serialize};
use sync_core::bytes::Hash;
use sync_core::ids::{FindingDecisionId, UserId, VisitId};
use utoipa::ToSchema;

use crate::app::findings::{self, FindingVerdict};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx};
use crate::domain::review_words::FindingDecision;
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// What a reviewer says of something that was found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "id": "01955f2c-3000-7000-8000-00000000c005",
    "sha256": "5f6224fdd6cec28e617b86daa18daea7fe690e0e48724efe6c1f72b845af272c",
    "code": "reused_similar",
    "decision": "dismissed",
    "comment": "同一小区的两个不同分光箱"
}))]
pub struct FindingDecisionIn {
    /// Made by the client (UUIDv7): sending the decision again has no effect.
    pub id: FindingDecisionId,
    /// SHA-256 of the content that was looked at.
    pub sha256: Hash,
    /// Code of the finding.
    #[schema(example = "reused_similar")]
    pub code: String,
    /// Whether it is so.
    pub decision: FindingDecision,
    /// Why, up to 500 characters.
    #[serde(default)]
    #[schema(example = "同一小区的两个不同分光箱")]
    pub comment: Option<String>,
}

/// What a person said of something that was found; nothing changes or removes it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingDecisionOut {
    /// Id, made by the client.
    pub id: FindingDecisionId,
    /// The visit.
    pub visit_id: VisitId,
    /// The photo record.
    #[schema(example = "01955f2c-3000-7000-8000-00000000a001")]
    pub photo_id: String,
    /// The content that was looked at.
    pub sha256: Hash,
    /// Code of the finding.
    #[schema(example = "reused_similar")]
    pub code: String,
    /// `confirmed` or `dismissed`.
    #[schema(example = "dismissed")]
    pub decision: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Instant,
}

impl From<FindingDecisionRow> for FindingDecisionOut {
    fn from(row: FindingDecisionRow) -> Self {
        Self {
            id: row.id.0,
            visit_id: row.visit_id.0,
            photo_id: row.photo_id,
            sha256: row.sha256.0,
            code: row.code,
            decision: row.decision,
            comment: row.comment,
            by: row.decided_by.0,
            at: row.at_ms.into(),
        }
    }
}

/// Says whether what was found about a photo is so
///
/// Of several decisions the newest counts. It judges neither photo nor visit; thresholds are fitted to what people say.
///
/// # Errors
/// `stale_content` if the photo has other content by now, `four_eyes`, `invalid` if nothing of the kind was found,
/// `idempotency_mismatch`.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/photos/{photo_id}/findings/decisions",
    operation_id = "decide_photo_finding", tag = "reviews", request_body = FindingDecisionIn,
    params(("visit_id" = VisitId, Path, description = "The visit"),
        ("photo_id" = String, Path, description = "The photo record", example = "01955f2c-3000-7000-8000-00000000a001")),
    responses((status = 201, description = "Decided", body = FindingDecisionOut), Problems), security(("bearer" = [])))]
pub async fn decide_photo_finding(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path((visit, photo)): Path<(VisitId, String)>,
    Json(body): Json<FindingDecisionIn>,
) -> Result<HttpResponse, ApiError> {
    let FindingDecisionIn { id, sha256, code, decision, comment } = body;
    let sent = FindingVerdict { id, sha256, code, decision, comment };
    once(ctx, answer, |ctx| findings::decide_finding(&state, ctx, visit, photo, sent)).await
}

fn answer(row: FindingDecisionRow) -> AppResult<Answer> {
    created(None, &FindingDecisionOut::from(row))
}
