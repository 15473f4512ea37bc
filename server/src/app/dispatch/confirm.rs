//! A person confirms who is sent; each is judged again in the write, and each has a result of its own.

use std::collections::BTreeSet;

use doorstep_store::feed::FeedBatch;
use doorstep_store::presence::{lock_people, lock_visits};
use doorstep_store::users;
use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, StoreError};
use serde_json::json;
use sync_core::ids::{UserId, VisitId};

use super::desk::{Desk, crew_of, errands_of};
use super::fit::load_reps;
use crate::app::customers::is_text;
use crate::app::visits::{CrewChange, load_for_change, put, require, state_of};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};
use crate::domain::dispatch::{Hindrance, judge};
use crate::domain::visit::may_assign;

/// Who is sent to which visit.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// The visit.
    pub visit: VisitId,
    /// Its version as the person saw it.
    pub seen_version: i64,
    /// Who goes.
    pub rep: UserId,
    /// Whose place he takes; without, he joins whoever goes.
    pub from_rep: Option<UserId>,
    /// Why, although he has another visit then or a full day.
    pub despite: Option<String>,
}

/// What became of a confirmation.
#[derive(Debug, Clone)]
pub enum Given {
    /// He goes; the visit has this version now.
    Assigned(i64),
    /// He does not, and why; with what stands in the way that a reason would overcome.
    Refused(Refusal, Vec<Hindrance>),
}

/// A confirmation with what became of it.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// The visit.
    pub visit: VisitId,
    /// Who was to go.
    pub rep: UserId,
    /// What became of it.
    pub given: Given,
}

/// Gives out visits one by one; what is refused hinders nothing else.
///
/// # Errors
/// `invalid` for a reason that is too long.
///
/// # Concurrency
/// Visits, then people are locked in the order of their ids; positions of the feed are taken once, at the end.
// Rule: APT-11
pub async fn confirm(state: &AppState, ctx: Ctx, items: Vec<Confirmation>) -> AppResult<Vec<Confirmed>> {
    check(&items)?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let visits: BTreeSet<VisitId> = items.iter().map(|item| item.visit).collect();
            lock_visits(conn, ctx.actor.org, &Vec::from_iter(visits))?;
            let people: BTreeSet<UserId> = items.iter().map(|item| item.rep).collect();
            lock_people(conn, ctx.actor.org, &Vec::from_iter(people))?;
            let (mut batch, mut results) = (FeedBatch::new(), Vec::with_capacity(items.len()));
            for item in &items {
                let given = given(give(conn, &app, &ctx, item, &mut batch))?;
                results.push(Confirmed { visit: item.visit, rep: item.rep, given });
            }
            batch.publish(conn, ctx.actor.org)?;
            Ok::<_, AppError>(results)
        })
        .await
}

fn check(items: &[Confirmation]) -> AppResult<()> {
    let faulty = |item: &Confirmation| item.despite.as_ref().is_some_and(|reason| !is_text(reason, 500));
    let faulty = items.iter().enumerate().filter(|(_, item)| faulty(item));
    let refusal = faulty.fold(Refusal::new(ErrorCode::Invalid), |refusal, (index, _)| {
        refusal.both(format!("items[{index}].despite"), "1 to 500 characters", "1 至 500 个字符")
    });
    refusal.into_result()
}

/// A refusal of this one is its result; what fails otherwise fails the whole.
fn given(done: AppResult<Given>) -> AppResult<Given> {
    match done {
        Err(AppError::Refused(refusal)) => Ok(Given::Refused(*refusal, Vec::new())),
        Err(error @ AppError::Store(StoreError::Stale | StoreError::NotFound)) => {
            Ok(Given::Refused(Refusal::new(error.code()), Vec::new()))
        }
        other => other,
    }
}

/// Gives out one visit. Nothing is written before everything about it is judged.
fn give(conn: &mut Conn, app: &AppState, ctx: &Ctx, item: &Confirmation, batch: &mut FeedBatch) -> AppResult<Given> {
    let mut row = load_for_change(conn, ctx, item.visit, item.seen_version)?;
    let state = state_of(&row)?;
    require(may_assign(state), state)?;
    let mut crew = crew_of(conn, ctx.actor.org, item.visit)?;
    if let Some(before) = item.from_rep
        && !crew.remove(&before)
    {
        let refusal = Refusal::new(ErrorCode::StateInvalid);
        return Err(refusal.detail("The one to be replaced is not on the crew", "被替换人员不在本单人员中").into());
    }
    crew.insert(item.rep);
    let crew = Vec::from_iter(crew);
    // Before anything else, so that what somebody out of reach has to do is not told.
    let Some(change) = CrewChange::judge(conn, ctx, &row, &crew)? else { return Ok(Given::Assigned(row.version)) };
    // Who goes already has nothing more to do.
    let hindrances = if change.adds(item.rep) { hindrances(conn, ctx, &row, item.rep)? } else { Vec::new() };
    if !hindrances.is_empty() && item.despite.is_none() {
        return Ok(Given::Refused(Refusal::new(ErrorCode::RepBusy), hindrances));
    }
    let before = change.write(conn, app, ctx, &mut row)?;
    let obstacles: Vec<&str> = hindrances.iter().map(|one| one.obstacle.code()).collect();
    let detail = json!({ "from": before, "to": crew, "epoch": row.assignment_epoch, "obstacles": obstacles,
        "despite": item.despite.as_ref().filter(|_| !hindrances.is_empty()) });
    audit::record(conn, app, ctx, "visit.assigned", item.visit, &detail)?;
    put(conn, app, &mut row, batch, ctx.now)?;
    Ok(Given::Assigned(row.version))
}

/// What stands in the way that a reason overcomes.
fn hindrances(conn: &mut Conn, ctx: &Ctx, row: &VisitRecord, rep: UserId) -> AppResult<Vec<Hindrance>> {
    let org = ctx.actor.org;
    let mut desk = Desk::load(conn, ctx)?;
    let start = row.planned_start_ms.map_or(ctx.now, sync_core::time::UnixMillis);
    let no_day = |_out_of_range| AppError::from(ErrorCode::Invalid);
    let day = desk.zone.day(start).and_then(|day| desk.zone.bounds(&day)).map_err(no_day)?;
    let rows = std::slice::from_ref(row);
    let errands = errands_of(conn, org, rows)?;
    let Some(mut job) = desk.jobs(conn, ctx, rows, &errands, day)?.pop() else { return Ok(Vec::new()) };
    job.crew.clear();
    let team = users::find_user(conn, org, rep)?.and_then(|person| person.team_id).map(|team| team.0);
    let Some(mut rep) = load_reps(conn, org, &[(rep, team)], ctx.now)?.pop() else { return Ok(Vec::new()) };
    rep.slots = desk.slots(conn, &[rep.id], day)?.remove(&rep.id).unwrap_or_default();
    Ok(judge(&job, &rep).hindrances.into_iter().filter(|one| one.obstacle.may_be_overridden()).collect())
}
