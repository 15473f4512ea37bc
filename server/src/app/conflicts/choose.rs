//! Choosing which of several concurrent values counts; choosing a loser restores it.

use std::collections::BTreeSet;

use doorstep_store::conflicts::{StoredChoice, find_choice, insert_choice};
use doorstep_store::feed::FeedBatch;
use doorstep_store::{Conn, Txt, presence};
use serde_json::json;
use sync_core::doc::Map;
use sync_core::ids::{ChoiceId, VisitId};
use sync_core::merge::view::{Conflict, OpId};
use sync_core::plan::ChoiceRow;
use sync_core::visit::VisitState;

use super::VisitConflicts;
use super::list::{counting, describe};
use crate::app::rows::read;
use crate::app::scope::{load_window, refresh_visit};
use crate::app::visits::reproject;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};
use crate::domain::review;

/// Longest reason, in characters.
///
/// # Source
/// Limits of free text in this API (reasons, notes): 500.
const MAX_REASON_CHARS: usize = 500;

/// A choice, as a person of the office sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choosing {
    /// Made by the client: the same choice again has no effect.
    pub id: ChoiceId,
    /// Root key of the map.
    pub map: String,
    /// Key in the map, or the code the records share.
    pub key: String,
    /// The values that were looked at.
    pub candidates: Vec<OpId>,
    /// The value that counts.
    pub chosen: OpId,
    /// The choice by which one of them counted when they were looked at.
    pub last_choice: Option<ChoiceId>,
    /// Why.
    pub reason: Option<String>,
}

/// What a choice led to.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The choice.
    pub choice: ChoiceRow,
    /// The state of the visit with it.
    pub state: VisitState,
    /// All conflicts of the visit with it.
    pub conflicts: VisitConflicts,
}

/// Chooses which of several concurrent values counts.
///
/// # Errors
/// `not_found`, `invalid`, `stale_content` unless exactly these values stand side by side and somebody's choice among
/// them was seen, which the refusal names, `state_invalid` once the visit was approved, cancelled or closed, `idempotency_mismatch`.
pub async fn choose_value(state: &AppState, ctx: Ctx, visit: VisitId, sent: Choosing) -> AppResult<Chosen> {
    check(&sent)?;
    let app = state.clone();
    ctx.once().write(&state.store, move |conn| choose(conn, &app, &ctx, visit, &sent)).await
}

fn check(sent: &Choosing) -> AppResult<()> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if sent.id.0.get_version_num() != 7 {
        refusal = refusal.field("id", "a UUID of version 7, made by the client");
    }
    if Map::from_key(&sent.map).is_none() {
        refusal = refusal.field("map", "a map of the visit document");
    }
    if !sent.candidates.contains(&sent.chosen) {
        refusal = refusal.field("chosen", "one of the candidates");
    }
    if sent.reason.as_deref().is_some_and(|why| why.trim().is_empty() || why.chars().count() > MAX_REASON_CHARS) {
        refusal = refusal.field("reason", "1 to 500 characters");
    }
    if refusal.fields.is_empty() { Ok(()) } else { Err(refusal.into()) }
}

fn choose(conn: &mut Conn, app: &AppState, ctx: &Ctx, visit: VisitId, sent: &Choosing) -> AppResult<Chosen> {
    let org = ctx.actor.org;
    // A push that brings another value waits, or came before and is seen.
    presence::lock_visit(conn, org, visit)?;
    let row = reach::load_visit(conn, ctx, visit)?;
    if let Some(stored) = find_choice(conn, org, sent.id)? {
        let choice: ChoiceRow = read("conflict_choices", stored.id, &stored.body)?;
        if !is_repeat(&choice, ctx, visit, sent) {
            return Err(ErrorCode::IdempotencyMismatch.into());
        }
        return chosen(conn, ctx, choice);
    }
    expect_undecided(crate::app::visits::state_of(&row)?)?;
    let (view, known) = counting(conn, ctx, visit)?;
    expect_seen(view.conflicts.iter().find(|one| one.map == sent.map && one.key == sent.key), sent)?;
    let choice = ChoiceRow {
        id: sent.id,
        visit_id: visit,
        map: sent.map.clone(),
        key: sent.key.clone(),
        candidates: sent.candidates.clone(),
        chosen: sent.chosen,
        by: ctx.actor.user,
        reason: sent.reason.clone(),
        at_ms: review::decision_instant(&known, ctx.now),
    };
    let body = serde_json::to_string(&choice).map_err(|error| AppError::Internal(error.to_string()))?;
    let stored =
        StoredChoice { org_id: Txt(org), id: Txt(choice.id), visit_id: Txt(visit), body, at_ms: choice.at_ms.0 };
    insert_choice(conn, &stored)?;
    let detail = json!({ "visit": visit, "map": choice.map });
    audit::record(conn, app, ctx, "conflict.chosen", choice.id, &detail)?;
    reproject(conn, org, visit, ctx.now)?;
    let mut batch = FeedBatch::new();
    let window = load_window(conn, org, &app.config.sync, ctx.now)?;
    refresh_visit(conn, &mut batch, org, visit, window)?;
    batch.publish(conn, org)?;
    chosen(conn, ctx, choice)
}

/// The visit with a choice that is stored.
fn chosen(conn: &mut Conn, ctx: &Ctx, choice: ChoiceRow) -> AppResult<Chosen> {
    let (view, known) = counting(conn, ctx, choice.visit_id)?;
    let row = reach::load_visit(conn, ctx, choice.visit_id)?;
    let conflicts = describe(conn, ctx.actor.org, view, known.choices)?;
    Ok(Chosen { choice, state: crate::app::visits::state_of(&row)?, conflicts })
}

/// What was approved was approved as it stood.
fn expect_undecided(state: VisitState) -> AppResult<()> {
    if !matches!(state, VisitState::Approved | VisitState::Cancelled | VisitState::Closed) {
        return Ok(());
    }
    let refusal = Refusal::new(ErrorCode::StateInvalid).detail(
        format!("The visit is {}: what counts was decided", state.code()),
        format!("工单状态为“{}”，取值已定", state.label_zh()),
    );
    Err(refusal.into())
}

/// Nobody's choice is taken back by somebody who did not see it, nor is there one among values that he did not see.
fn expect_seen(conflict: Option<&Conflict>, sent: &Choosing) -> AppResult<()> {
    let conflict = conflict.filter(|conflict| is_exactly(conflict, &sent.candidates));
    let last = conflict.ok_or(ErrorCode::StaleContent)?.choice;
    if last == sent.last_choice {
        return Ok(());
    }
    let named = last.map_or_else(|| "none".to_owned(), |choice| choice.to_string());
    Err(Refusal::new(ErrorCode::StaleContent).field("last_choice", named).into())
}

fn is_exactly(conflict: &Conflict, candidates: &[OpId]) -> bool {
    let standing: BTreeSet<OpId> = conflict.candidates.iter().map(|entry| entry.op).collect();
    standing == candidates.iter().copied().collect()
}

fn is_repeat(stored: &ChoiceRow, ctx: &Ctx, visit: VisitId, sent: &Choosing) -> bool {
    stored.visit_id == visit
        && stored.by == ctx.actor.user
        && (&stored.map, &stored.key, stored.chosen) == (&sent.map, &sent.key, sent.chosen)
        && (&stored.candidates, &stored.reason) == (&sent.candidates, &sent.reason)
}
