//! Proposals: who could be sent to each visit of a day. Nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::Conn;
use doorstep_store::agenda::{Errand, list_unassigned};
use doorstep_store::order_holds::list_holds;
use doorstep_store::users::{self, UserRow};
use doorstep_store::visits::{self, VisitFilter, VisitRecord};
use sync_core::ids::{GridId, UserId, VisitId, WorkOrderId};

use super::desk::{Desk, errands_of};
use super::fit::load_reps;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, reach};
use crate::domain::Window;
use crate::domain::dispatch::{self, Proposal, Rep};
use crate::domain::visit::{goes_out, open_states};

/// Most visits of one answer.
pub const MAX_PROPOSALS: usize = 200;

/// For which visits somebody is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The day, `YYYY-MM-DD` of the organisation's zone.
    pub day: String,
    /// Only visits in this grid.
    pub grid: Option<GridId>,
    /// Only these, whoever is assigned; else those that nobody is assigned to.
    pub visits: Option<Vec<VisitId>>,
    /// Only visits of this person, who is to be replaced.
    pub from_rep: Option<UserId>,
}

/// A visit with who could be sent.
#[derive(Debug, Clone)]
pub struct ProposedVisit {
    /// The visit.
    pub row: VisitRecord,
    /// Grid of its site.
    pub grid: Option<GridId>,
    /// Whether the attempt before was deferred for safety.
    pub is_deferred_safety: bool,
    /// Who could be sent.
    pub proposal: Proposal,
}

/// The proposals for a day, in dispatch order.
#[derive(Debug, Clone)]
pub struct Proposals {
    /// The visits.
    pub visits: Vec<ProposedVisit>,
    /// Names of everybody who was judged.
    pub names: BTreeMap<UserId, String>,
    /// How many visits wait that one answer does not name.
    pub left_out: usize,
}

/// Proposes somebody for the visits of a day that nobody is assigned to, or for those that are named.
///
/// # Errors
/// `parameter_invalid` for a day that does not exist, `invalid` naming a visit that is not of that day, out of reach, on
/// hold or over.
pub async fn propose(state: &AppState, ctx: Ctx, wanted: Wanted) -> AppResult<Proposals> {
    let read = move |conn: &mut Conn| {
        let mut desk = Desk::load(conn, &ctx)?;
        let day = desk.zone.bounds(&wanted.day).map_err(|_no_day| {
            AppError::from(Refusal::new(ErrorCode::Invalid).both("day", "a day as YYYY-MM-DD", "日期，格式 YYYY-MM-DD"))
        })?;
        let (rows, errands) = rows_of(conn, &ctx, &wanted, day)?;
        let left_out = rows.len().saturating_sub(MAX_PROPOSALS);
        let people = people(conn, &ctx)?;
        let reps = reps_of(conn, &ctx, &mut desk, &people, day)?;
        let jobs = desk.jobs(conn, &ctx, &rows, &errands, day)?;
        let deferred: BTreeSet<VisitId> =
            jobs.iter().filter(|job| job.is_deferred_safety).map(|job| job.slot.visit).collect();
        let mut rows: BTreeMap<VisitId, VisitRecord> = rows.into_iter().map(|row| (row.id.0, row)).collect();
        let visits = dispatch::propose(&jobs, &reps, MAX_PROPOSALS).into_iter().filter_map(|proposal| {
            let grid = errands.get(&proposal.visit).and_then(|errand| errand.grid_id).map(|grid| grid.0);
            let is_deferred_safety = deferred.contains(&proposal.visit);
            Some(ProposedVisit { row: rows.remove(&proposal.visit)?, grid, is_deferred_safety, proposal })
        });
        let visits = visits.collect();
        let names = people.into_iter().map(|person| (person.id.0, person.name)).collect();
        Ok::<_, AppError>(Proposals { visits, names, left_out })
    };
    state.store.read(read).await
}

/// The visits in question with what they are for.
fn rows_of(
    conn: &mut Conn,
    ctx: &Ctx,
    wanted: &Wanted,
    day: Window,
) -> AppResult<(Vec<VisitRecord>, BTreeMap<VisitId, Errand>)> {
    let org = ctx.actor.org;
    let reach = reach::of(conn, ctx)?.visits;
    let within = (day.from.0, day.to.0);
    let mut open = if wanted.visits.is_none() && wanted.from_rep.is_none() {
        // Whoever reaches only visits of some people reaches none that nobody has.
        if reach.is_none() { list_unassigned(conn, org, &open_states(), within)? } else { Vec::new() }
    } else {
        let filter = VisitFilter {
            ids: wanted.visits.clone(),
            from_ms: Some(within.0),
            to_ms: Some(within.1),
            reps: wanted.from_rep.map(|rep| vec![rep]),
            reach,
            ..VisitFilter::default()
        };
        visits::list_visits(conn, org, &filter, "", i64::MAX)?
    };
    let states = open_states();
    open.retain(|row| states.contains(&row.state.as_str()));
    let errands = errands_of(conn, org, &open)?;
    let orders: Vec<WorkOrderId> = errands.values().map(|errand| errand.work_order_id.0).collect();
    let held: BTreeSet<WorkOrderId> =
        list_holds(conn, org, &orders)?.into_iter().map(|hold| hold.work_order_id.0).collect();
    let errand = |row: &VisitRecord| errands.get(&row.id.0);
    open.retain(|row| errand(row).is_none_or(|errand| !held.contains(&errand.work_order_id.0)));
    require_all(wanted.visits.as_deref().unwrap_or_default(), &open)?;
    if let Some(grid) = wanted.grid {
        open.retain(|row| errand(row).and_then(|errand| errand.grid_id).is_some_and(|of| of.0 == grid));
    }
    Ok((open, errands))
}

fn require_all(named: &[VisitId], found: &[VisitRecord]) -> AppResult<()> {
    let found: BTreeSet<VisitId> = found.iter().map(|row| row.id.0).collect();
    let missing = named.iter().enumerate().filter(|(_, visit)| !found.contains(visit));
    let refusal = missing.fold(Refusal::new(ErrorCode::Invalid), |refusal, (index, _)| {
        refusal.both(
            format!("visit_ids[{index}]"),
            "an open visit of that day that you may see, and whose order is not on hold",
            "当日、未结束、您可查看且未挂起的工单",
        )
    });
    refusal.into_result()
}

/// Everybody within reach who goes out.
fn people(conn: &mut Conn, ctx: &Ctx) -> AppResult<Vec<UserRow>> {
    let org = ctx.actor.org;
    let within = reach::of(conn, ctx)?.people;
    let roles = users::list_all_roles(conn, org)?;
    let going: BTreeSet<UserId> = roles.into_iter().filter(|(_, role)| goes_out(role)).map(|(user, _)| user).collect();
    let mut people = users::list_users(conn, org, None, "", i64::MAX)?;
    people.retain(|person| {
        let id = person.id.0;
        going.contains(&id) && !person.is_disabled && within.as_ref().is_none_or(|within| within.contains(&id))
    });
    Ok(people)
}

fn reps_of(conn: &mut Conn, ctx: &Ctx, desk: &mut Desk, people: &[UserRow], day: Window) -> AppResult<Vec<Rep>> {
    let who: Vec<_> = people.iter().map(|person| (person.id.0, person.team_id.map(|team| team.0))).collect();
    let mut reps = load_reps(conn, ctx.actor.org, &who, ctx.now)?;
    let ids: Vec<UserId> = reps.iter().map(|rep| rep.id).collect();
    let mut slots = desk.slots(conn, &ids, day)?;
    for rep in &mut reps {
        rep.slots = slots.remove(&rep.id).unwrap_or_default();
    }
    Ok(reps)
}
