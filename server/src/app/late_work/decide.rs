//! Deciding whether work that came late counts.

use std::collections::BTreeSet;

use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::late_work::{StoredLateDecision, find_late_decision, insert_late_decision};
use doorstep_store::{Conn, Txt, presence};
use serde_json::json;
use sync_core::ids::{LateDecisionId, UserId, VisitId};
use sync_core::merge::view::OpId;
use sync_core::plan::{LateDecisionRow, LateVerdict, LateWorkRow};
use sync_core::visit::{Derived, VisitState};

use super::VisitLateWork;
use super::list::{derive, describe};
use crate::app::blobs::update_evidence;
use crate::app::reviews::on_resubmission;
use crate::app::rows::read;
use crate::app::scope::{audience_of_user, load_window, refresh_visit};
use crate::app::visits::reproject;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};
use crate::domain::review;

/// Longest reason, in characters.
///
/// # Source
/// Limits of free text in this API (reasons, notes): 500.
const MAX_REASON_CHARS: usize = 500;

/// A decision, as a person of the office sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding {
    /// Made by the client: the same decision again has no effect.
    pub id: LateDecisionId,
    /// Whether the operations count.
    pub decision: LateVerdict,
    /// The operations that were looked at.
    pub ops: Vec<OpId>,
    /// Why.
    pub reason: String,
}

/// What a decision led to.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The decision.
    pub decision: LateDecisionRow,
    /// The state of the visit with it.
    pub state: VisitState,
    /// What came late to the visit, with it.
    pub late: VisitLateWork,
}

/// Decides whether operations that came late count. A newer decision takes the place of an older one.
///
/// # Errors
/// `not_found`, `invalid`, `stale_content` unless all of them came late, `state_invalid` once the visit was approved or
/// closed for whatever changes what counts, `idempotency_mismatch`.
pub async fn decide_late_work(state: &AppState, ctx: Ctx, visit: VisitId, sent: Deciding) -> AppResult<Decided> {
    check(&sent)?;
    let app = state.clone();
    ctx.once().write(&state.store, move |conn| decide(conn, &app, &ctx, visit, &sent)).await
}

fn check(sent: &Deciding) -> AppResult<()> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if sent.id.0.get_version_num() != 7 {
        refusal = refusal.field("id", "a UUID of version 7, made by the client");
    }
    if sent.ops.is_empty() {
        refusal = refusal.field("ops", "at least one operation");
    }
    if sent.ops.iter().collect::<BTreeSet<_>>().len() != sent.ops.len() {
        refusal = refusal.field("ops", "each operation once");
    }
    if sent.reason.trim().is_empty() || sent.reason.chars().count() > MAX_REASON_CHARS {
        refusal = refusal.field("reason", "1 to 500 characters");
    }
    refusal.into_result()
}

fn decide(conn: &mut Conn, app: &AppState, ctx: &Ctx, visit: VisitId, sent: &Deciding) -> AppResult<Decided> {
    let org = ctx.actor.org;
    // A push that brings more waits, or came before and is seen.
    presence::lock_visit(conn, org, visit)?;
    let row = reach::load_visit(conn, ctx, visit)?;
    if let Some(stored) = find_late_decision(conn, org, sent.id)? {
        let decision: LateDecisionRow = read("late_decisions", stored.id, &stored.body)?;
        if !is_repeat(&decision, ctx, visit, sent) {
            return Err(ErrorCode::IdempotencyMismatch.into());
        }
        return decided(conn, ctx, decision);
    }
    let (derived, _, known) = derive(conn, ctx, visit)?;
    if !came_late(&derived, &sent.ops) {
        return Err(ErrorCode::StaleContent.into());
    }
    if changes_what_counts(&derived, sent) {
        expect_unapproved(crate::app::visits::state_of(&row)?)?;
    }
    let decision = LateDecisionRow {
        id: sent.id,
        visit_id: visit,
        ops: sent.ops.clone(),
        decision: sent.decision,
        by: ctx.actor.user,
        reason: sent.reason.clone(),
        at_ms: review::decision_instant(&known, ctx.now),
    };
    let body = serde_json::to_string(&decision).map_err(|error| AppError::Internal(error.to_string()))?;
    let stored = StoredLateDecision {
        org_id: Txt(org),
        id: Txt(decision.id),
        visit_id: Txt(visit),
        body,
        at_ms: decision.at_ms.0,
    };
    insert_late_decision(conn, &stored)?;
    let detail = json!({ "visit": visit, "decision": decision.decision, "operations": decision.ops.len() });
    audit::record(conn, app, ctx, "late_work.decided", decision.id, &detail)?;
    settle(conn, app, ctx, &decision, &known.late_work)?;
    decided(conn, ctx, decision)
}

/// Derives what follows from a decision and tells everybody whom it concerns: the crew, and who brought the work, whom
/// the visit may have left.
fn settle(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    decision: &LateDecisionRow,
    work: &[LateWorkRow],
) -> AppResult<()> {
    let (org, visit, now) = (ctx.actor.org, decision.visit_id, ctx.now);
    let mut batch = FeedBatch::new();
    let mut projected = reproject(conn, org, visit, now)?;
    if update_evidence(conn, &mut batch, org, visit, now)? {
        projected = reproject(conn, org, visit, now)?;
    }
    on_resubmission(conn, &mut batch, org, visit, &projected, now)?;
    let window = load_window(conn, org, &app.config.sync, now)?;
    refresh_visit(conn, &mut batch, org, visit, window)?;
    let authors: BTreeSet<UserId> =
        decision.ops.iter().filter_map(|op| LateWorkRow::that_brought(work, *op)).map(|work| work.by).collect();
    for author in authors {
        batch.put(audience_of_user(author), FeedKind::LateDecision, decision.id);
    }
    batch.publish(conn, org)?;
    Ok(())
}

/// The visit with a decision that is stored.
fn decided(conn: &mut Conn, ctx: &Ctx, decision: LateDecisionRow) -> AppResult<Decided> {
    let late = describe(conn, ctx, decision.visit_id)?;
    let row = reach::load_visit(conn, ctx, decision.visit_id)?;
    Ok(Decided { state: crate::app::visits::state_of(&row)?, decision, late })
}

/// Whether all of these operations came late, decided or not.
fn came_late(derived: &Derived, ops: &[OpId]) -> bool {
    let late: BTreeSet<OpId> = derived.late.iter().chain(&derived.accepted).map(|record| record.op).collect();
    ops.iter().all(|op| late.contains(op))
}

/// Whether a decision lets in what does not count, or takes away what does: the newest one about an operation counts.
fn changes_what_counts(derived: &Derived, sent: &Deciding) -> bool {
    let named: BTreeSet<OpId> = sent.ops.iter().copied().collect();
    sent.decision == LateVerdict::Accept || derived.accepted.iter().any(|record| named.contains(&record.op))
}

/// What was approved was approved as it stood.
fn expect_unapproved(state: VisitState) -> AppResult<()> {
    if !matches!(state, VisitState::Approved | VisitState::Closed) {
        return Ok(());
    }
    let refusal = Refusal::new(ErrorCode::StateInvalid).detail(
        format!(
            "The visit is {}: what counts was decided, only late work that does not count can be declined",
            state.code()
        ),
        format!("工单状态为“{}”，计入内容已定，只能对未计入的迟到内容不予计入", state.label_zh()),
    );
    Err(refusal.into())
}

fn is_repeat(stored: &LateDecisionRow, ctx: &Ctx, visit: VisitId, sent: &Deciding) -> bool {
    (stored.visit_id, stored.by, stored.decision) == (visit, ctx.actor.user, sent.decision)
        && (&stored.ops, &stored.reason) == (&sent.ops, &sent.reason)
}
