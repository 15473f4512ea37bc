//! A verdict on one photo.

use std::collections::BTreeMap;

use doorstep_store::Conn;
use doorstep_store::feed::{FeedBatch, FeedKind, list_holders};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, VerdictId, VisitId};
use sync_core::plan::VerdictRow;

use super::{claim, verdict};
use crate::app::{AppError, AppResult, AppState, Ctx, audit};
use crate::domain::review::{self, PhotoJudgement, ReviewError};
use crate::domain::review_words::{PhotoDecision, RejectReason};

/// A reviewer's verdict on a photo, as he sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoVerdict {
    /// Made by the client: the same verdict again has no effect.
    pub id: VerdictId,
    /// The content he looked at.
    pub sha256: Hash,
    /// The decision.
    pub decision: PhotoDecision,
    /// Tick code → whether the photo shows it.
    pub ticks: BTreeMap<String, bool>,
    /// Why it is rejected.
    pub reason: Option<RejectReason>,
    /// Text for the rep.
    pub comment: Option<String>,
}

/// Judges one photo; claims the visit for the asker or renews his claim.
///
/// # Errors
/// `not_found`, `four_eyes`, `stale_content` if photo or content are no longer current, `state_invalid`,
/// `claimed_by_other`, `invalid` naming ticks or reason, `idempotency_mismatch`.
pub async fn judge_photo(
    state: &AppState,
    ctx: Ctx,
    visit: VisitId,
    photo: String,
    sent: PhotoVerdict,
) -> AppResult<VerdictRow> {
    verdict::check_comment(sent.id.0, sent.comment.as_deref())?;
    let app = state.clone();
    ctx.once().write(&state.store, move |conn| judge(conn, &app, &ctx, visit, &photo, &sent)).await
}

fn judge(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    visit: VisitId,
    photo: &str,
    sent: &PhotoVerdict,
) -> AppResult<VerdictRow> {
    let org = ctx.actor.org;
    let case = claim::open(conn, ctx, visit)?;
    let mut row = row_of(ctx, visit, photo, sent);
    if let Some(stored) = verdict::find_repeat(conn, org, &row)? {
        return Ok(stored);
    }
    let judgement =
        PhotoJudgement { sha256: sent.sha256, decision: sent.decision, ticks: sent.ticks.clone(), reason: sent.reason };
    let missing = review::decide_photo(&case.view, &case.loaded.template, &case.missing, photo, &judgement);
    // Says what to do: new content may also have moved the visit out of review.
    if missing == Err(ReviewError::Stale) {
        return Err(ReviewError::Stale.into());
    }
    review::expect_under_review(case.derived.state)?;
    claim::take(conn, org, visit, ctx.actor.user, ctx.now)?;
    row.missing = missing?;
    row.at_ms = review::verdict_instant(case.verdicts(), ctx.now);
    verdict::append(conn, org, visit, &row)?;
    let detail = json!({ "visit": visit, "photo": photo, "sha256": sent.sha256, "decision": row.decision });
    audit::record(conn, app, ctx, "photo.judged", sent.id, &detail)?;
    tell(conn, org, visit, sent.id)?;
    Ok::<_, AppError>(row)
}

fn row_of(ctx: &Ctx, visit: VisitId, photo: &str, sent: &PhotoVerdict) -> VerdictRow {
    VerdictRow {
        id: sent.id,
        visit_id: visit,
        photo_id: Some(photo.to_owned()),
        sha256: Some(sent.sha256),
        heads: Vec::new(),
        last_decision: None,
        decision: sent.decision.code().to_owned(),
        reason: sent.reason.map(|reason| reason.code().to_owned()),
        missing: sent.ticks.iter().filter(|(_, shown)| !**shown).map(|(code, _)| code.clone()).collect(),
        comment: sent.comment.clone(),
        by: ctx.actor.user,
        at_ms: ctx.now,
    }
}

/// Tells everybody who carries the visit.
fn tell(conn: &mut Conn, org: OrgId, visit: VisitId, id: VerdictId) -> AppResult<()> {
    let mut batch = FeedBatch::new();
    for audience in list_holders(conn, org, FeedKind::Visit, &visit.to_string())? {
        batch.put(audience, FeedKind::Verdict, id);
    }
    batch.publish(conn, org)?;
    Ok(())
}
