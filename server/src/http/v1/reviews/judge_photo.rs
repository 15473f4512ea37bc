//! POST `/v1/visits/{visit_id}/photos/{photo_id}/verdicts`

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::bytes::Hash;
use sync_core::ids::{VerdictId, VisitId};
use utoipa::ToSchema;

use super::VerdictOut;
use crate::app::once::Answer;
use crate::app::reviews::{self, PhotoVerdict};
use crate::app::{AppResult, AppState, Ctx};
use crate::domain::review_words::{PhotoDecision, RejectReason};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;
use sync_core::plan::VerdictRow;

/// A verdict on a photo.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "id": "01955f2c-3000-7000-8000-00000000c001",
    "sha256": "5f6224fdd6cec28e617b86daa18daea7fe690e0e48724efe6c1f72b845af272c",
    "decision": "reject",
    "ticks": { "whole_splitter": true, "port_information": false },
    "reason": "illegible",
    "comment": "端口信息看不清，请靠近重拍"
}))]
pub struct PhotoVerdictIn {
    /// Made by the client (UUIDv7): sending the verdict again has no effect.
    pub id: VerdictId,
    /// SHA-256 of the content that was looked at.
    pub sha256: Hash,
    /// The decision.
    pub decision: PhotoDecision,
    /// Each `must_show` code of the slot: whether the photo shows it. To approve, every one is true; to reject, one is
    /// false or a reason is given.
    #[serde(default)]
    pub ticks: BTreeMap<String, bool>,
    /// Why it is rejected.
    #[serde(default)]
    pub reason: Option<RejectReason>,
    /// Text for the rep, up to 500 characters.
    #[serde(default)]
    #[schema(example = "端口信息看不清，请靠近重拍")]
    pub comment: Option<String>,
}

/// Judges one photo of a visit
///
/// Claims the visit, or renews the claim. Of several verdicts the newest counts, and only while the photo keeps the
/// content that was judged.
///
/// # Errors
/// `stale_content` if the photo was replaced or withdrawn, `four_eyes`, `claimed_by_other`, `state_invalid` unless
/// the visit is under review, `invalid` naming the ticks, `idempotency_mismatch`.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/photos/{photo_id}/verdicts", operation_id = "judge_photo",
    tag = "reviews", request_body = PhotoVerdictIn,
    params(("visit_id" = VisitId, Path, description = "The visit"),
        ("photo_id" = String, Path, description = "The photo record", example = "01955f2c-3000-7000-8000-00000000a001")),
    responses((status = 201, description = "Judged", body = VerdictOut), Problems), security(("bearer" = [])))]
pub async fn judge_photo(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path((visit, photo)): Path<(VisitId, String)>,
    Json(body): Json<PhotoVerdictIn>,
) -> Result<HttpResponse, ApiError> {
    let sent = PhotoVerdict {
        id: body.id,
        sha256: body.sha256,
        decision: body.decision,
        ticks: body.ticks,
        reason: body.reason,
        comment: body.comment,
    };
    once(ctx, answer, |ctx| reviews::judge_photo(&state, ctx, visit, photo, sent)).await
}

fn answer(verdict: VerdictRow) -> AppResult<Answer> {
    created(None, &VerdictOut::from(verdict))
}
