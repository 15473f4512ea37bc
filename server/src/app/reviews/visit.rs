//! A verdict on a visit: approval, or return with a rework ticket.

use doorstep_store::feed::FeedBatch;
use doorstep_store::reviews::{StoredRework, insert_rework, list_reworks, set_claim};
use doorstep_store::{Conn, Txt};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::{DecisionId, OrgId, ReworkId, VerdictId, VisitId};
use sync_core::plan::{ReworkRow, ReworkSlot, VerdictRow};
use sync_core::visit::VisitState;

use super::{claim, verdict};
use crate::app::blobs::update_evidence;
use crate::app::rows::read;
use crate::app::scope::{load_window, refresh_visit};
use crate::app::visits::reproject;
use crate::app::{AppError, AppResult, AppState, Ctx, audit};
use crate::domain::review::{self, ReviewError, VisitJudgement};
use crate::domain::review_words::{ReturnReason, VisitDecision};

/// A reviewer's verdict on a visit, as he sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitVerdict {
    /// Made by the client: the same verdict again has no effect.
    pub id: VerdictId,
    /// The document heads he looked at.
    pub heads: Vec<Hash>,
    /// The newest decision about what counts that he knew.
    pub last_decision: Option<DecisionId>,
    /// The decision.
    pub decision: VisitDecision,
    /// Why it is returned.
    pub reason: Option<ReturnReason>,
    /// Text for the rep.
    pub comment: Option<String>,
}

/// What a verdict on a visit led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedVisit {
    /// The verdict.
    pub verdict: VerdictRow,
    /// The ticket of a return.
    pub rework: Option<ReworkRow>,
    /// The state the verdict put the visit into.
    pub state: VisitState,
}

/// Judges a visit as a whole, and ends the asker's claim.
///
/// # Errors
/// `not_found`, `four_eyes`, `stale_content` if the document has other heads by now or what counts of it was decided since,
/// `state_invalid` naming the photos that await approval, `claimed_by_other`, `invalid` for a return without reason,
/// `idempotency_mismatch`.
pub async fn judge_visit(state: &AppState, ctx: Ctx, visit: VisitId, mut sent: VisitVerdict) -> AppResult<JudgedVisit> {
    verdict::check_comment(sent.id.0, sent.comment.as_deref())?;
    sent.heads.sort();
    let (app, ticket) = (state.clone(), ReworkId(state.id()));
    ctx.once().write(&state.store, move |conn| judge(conn, &app, &ctx, visit, &sent, ticket)).await
}

fn judge(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    visit: VisitId,
    sent: &VisitVerdict,
    ticket: ReworkId,
) -> AppResult<JudgedVisit> {
    let org = ctx.actor.org;
    let case = claim::open(conn, ctx, visit)?;
    let mut row = row_of(ctx, visit, sent);
    if let Some(stored) = verdict::find_repeat(conn, org, &row)? {
        let rework = find_ticket(conn, org, visit, stored.id)?;
        return Ok(JudgedVisit { verdict: stored, rework, state: state_after(sent.decision) });
    }
    let judgement = VisitJudgement {
        heads: sent.heads.clone(),
        last_decision: sent.last_decision,
        decision: sent.decision,
        reason: sent.reason,
    };
    let slots = review::decide_visit(&case.facts(), &case.loaded.review, &case.missing, &judgement);
    // Says what to do: what is new may also have moved the visit out of review.
    if slots == Err(ReviewError::Stale) {
        return Err(ReviewError::Stale.into());
    }
    review::expect_under_review(case.derived.state)?;
    claim::take(conn, org, visit, ctx.actor.user, ctx.now)?;
    let slots = slots?;
    row.at_ms = review::verdict_instant(case.verdicts(), ctx.now);
    verdict::append(conn, org, visit, &row)?;
    let rework = match sent.decision {
        VisitDecision::Approve => None,
        VisitDecision::Return => Some(open_ticket(conn, org, ticket, &row, slots)?),
    };
    set_claim(conn, org, visit, ctx.actor.user, ctx.now.0)?;
    let detail = json!({ "visit": visit, "decision": row.decision });
    audit::record(conn, app, ctx, "visit.judged", sent.id, &detail)?;
    let state = state_after(sent.decision);
    settle(conn, app, ctx, visit, state)?;
    Ok(JudgedVisit { verdict: row, rework, state })
}

fn row_of(ctx: &Ctx, visit: VisitId, sent: &VisitVerdict) -> VerdictRow {
    VerdictRow {
        id: sent.id,
        visit_id: visit,
        photo_id: None,
        sha256: None,
        heads: sent.heads.clone(),
        last_decision: sent.last_decision,
        decision: sent.decision.code().to_owned(),
        reason: sent.reason.map(|reason| reason.code().to_owned()),
        missing: Vec::new(),
        comment: sent.comment.clone(),
        by: ctx.actor.user,
        at_ms: ctx.now,
    }
}

const fn state_after(decision: VisitDecision) -> VisitState {
    match decision {
        VisitDecision::Approve => VisitState::Approved,
        VisitDecision::Return => VisitState::Returned,
    }
}

fn open_ticket(
    conn: &mut Conn,
    org: OrgId,
    id: ReworkId,
    verdict: &VerdictRow,
    slots: Vec<ReworkSlot>,
) -> AppResult<ReworkRow> {
    let row = ReworkRow {
        id,
        visit_id: verdict.visit_id,
        slots,
        verdict_id: verdict.id,
        heads: verdict.heads.clone(),
        opened_at_ms: verdict.at_ms,
        answered_at_ms: None,
    };
    let stored = StoredRework {
        org_id: Txt(org),
        id: Txt(id),
        visit_id: Txt(verdict.visit_id),
        body: verdict::to_json(&row)?,
        opened_at_ms: verdict.at_ms.0,
        answered_at_ms: None,
        version: 1,
    };
    insert_rework(conn, &stored)?;
    Ok(row)
}

fn find_ticket(conn: &mut Conn, org: OrgId, visit: VisitId, verdict: VerdictId) -> AppResult<Option<ReworkRow>> {
    let stored = list_reworks(conn, org, visit)?;
    let rows: Vec<ReworkRow> = stored.iter().map(|row| read("reworks", row.id, &row.body)).collect::<AppResult<_>>()?;
    Ok(rows.into_iter().find(|row| row.verdict_id == verdict))
}

/// Derives the state, which must be what the verdict says, and tells every audience.
fn settle(conn: &mut Conn, app: &AppState, ctx: &Ctx, visit: VisitId, expected: VisitState) -> AppResult<()> {
    let org = ctx.actor.org;
    let mut batch = FeedBatch::new();
    let mut state = reproject(conn, org, visit, ctx.now)?.state;
    // What came late to a slot that is open again counts, and is waited for.
    if update_evidence(conn, &mut batch, org, visit, ctx.now)? {
        state = reproject(conn, org, visit, ctx.now)?.state;
    }
    if state != expected {
        return Err(AppError::Internal(format!("visit {visit} is {state} after a verdict, not {expected}")));
    }
    let window = load_window(conn, org, &app.config.sync, ctx.now)?;
    // A returned visit may have left the window: its crew needs it again.
    refresh_visit(conn, &mut batch, org, visit, window)?;
    batch.publish(conn, org)?;
    Ok(())
}
