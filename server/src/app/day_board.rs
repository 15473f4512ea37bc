//! The day board: who does what on one day, in the order of the day.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::appointments::list_appointments;
use doorstep_store::order_holds::list_holds;
use doorstep_store::visits::{self, VisitFilter, VisitPlace, VisitRecord};
use doorstep_store::{Conn, users};
use sync_core::clock::Deadline;
use sync_core::ids::{AppointmentId, TeamId, UserId, VisitId};
use sync_core::plan::PolicyRow;
use sync_core::policy::{Key, Whole, keys};

use crate::app::reach::{self, Reach};
use crate::app::rows::{appointment_row, policy_row};
use crate::app::scope::load_zone;
use crate::app::visits::VisitListing;
use crate::app::visits::show::{listings, no_day};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};
use crate::domain::visit::{Place, is_late_risk};
use crate::domain::{Scope, Zone};

/// Most visits of one day.
const MAX_VISITS: i64 = 2_000;

/// A visit on the board.
#[derive(Debug, Clone)]
pub struct BoardVisit {
    /// The visit.
    pub listing: VisitListing,
    /// Name of the customer, unless masked.
    pub customer: Option<String>,
    /// Address of the site, unless masked.
    pub address: Option<String>,
    /// Whether it will probably be late.
    pub is_late_risk: bool,
    /// Whether the attempt before was deferred for safety.
    pub is_deferred_safety: bool,
    /// Whether its time was changed with less notice than its policy asks (APT-04).
    pub is_short_notice: bool,
    /// Whether nobody works on its order for the time being.
    pub is_on_hold: bool,
}

/// One rep's day; the last line holds visits nobody is assigned to.
#[derive(Debug, Clone)]
pub struct BoardLine {
    /// The rep.
    pub rep: Option<(UserId, String)>,
    /// Visits in dispatch order (F-38).
    pub visits: Vec<BoardVisit>,
}

/// The board of one day.
#[derive(Debug, Clone)]
pub struct Board {
    /// The day.
    pub day: String,
    /// Lines by name.
    pub lines: Vec<BoardLine>,
    /// False if the day has more visits than one board shows; a team's board is then complete.
    pub is_complete: bool,
}

/// Shows a day, today if none is named, of one team or as far as the asker may see it.
///
/// # Errors
/// `parameter_invalid` if the day does not exist, `not_found` for a team out of reach.
pub async fn show_day_board(state: &AppState, ctx: Ctx, day: Option<String>, team: Option<TeamId>) -> AppResult<Board> {
    state
        .store
        .read(move |conn| {
            let AskedDay { day, reach, people, filter, .. } = asked_day(conn, &ctx, day, team)?;
            let mut rows = visits::list_visits(conn, ctx.actor.org, &filter, "", MAX_VISITS + 1)?;
            let shown = usize::try_from(MAX_VISITS).unwrap_or(usize::MAX);
            let is_complete = rows.len() <= shown;
            rows.truncate(shown);
            let mut visits = board_visits(conn, &ctx, &reach, rows)?;
            visits.sort_by_key(|visit| place(visit).key());
            Ok::<_, AppError>(Board { lines: lines(conn, &ctx, people.as_deref(), visits)?, day, is_complete })
        })
        .await
}

/// A day that somebody asks about.
pub(crate) struct AskedDay {
    /// The organisation's zone.
    pub zone: Zone,
    /// The day.
    pub day: String,
    /// How far the asker sees.
    pub reach: Reach,
    /// Whose days are shown; `None` for everybody's.
    pub people: Option<Vec<UserId>>,
    /// Their visits of the day.
    pub filter: VisitFilter,
}

/// The day that somebody asks about, today if none is named, of one team or as far as the asker may see it.
///
/// # Errors
/// `parameter_invalid` if the day does not exist, `not_found` for a team out of reach.
pub(crate) fn asked_day(conn: &mut Conn, ctx: &Ctx, day: Option<String>, team: Option<TeamId>) -> AppResult<AskedDay> {
    let zone = load_zone(conn, ctx.actor.org)?;
    let today = || zone.day(ctx.now).map_err(|error| AppError::Internal(error.to_string()));
    let day = day.map_or_else(today, Ok)?;
    let bounds = zone.bounds(&day).map_err(|_no_day| no_day())?;
    let reach = reach::of(conn, ctx)?;
    let people = people_of_team(conn, ctx, &reach, team)?;
    let filter = VisitFilter {
        from_ms: Some(bounds.from.0),
        to_ms: Some(bounds.to.0),
        reps: team.and(people.clone()),
        reach: reach.visits.clone(),
        ..Default::default()
    };
    Ok(AskedDay { zone, day, reach, people, filter })
}

/// Whose days somebody sees: those of a team, if one is named, as far as he may.
///
/// # Errors
/// `not_found` for a team out of reach.
pub(crate) fn people_of_team(
    conn: &mut Conn,
    ctx: &Ctx,
    reach: &Reach,
    team: Option<TeamId>,
) -> AppResult<Option<Vec<UserId>>> {
    let Some(team) = team else { return Ok(reach.people.clone()) };
    if ctx.scope < Scope::Organisation && ctx.actor.team != Some(team) {
        return Err(ErrorCode::NotFound.into());
    }
    let members = users::list_users(conn, ctx.actor.org, Some(team), "", i64::MAX)?;
    let seen = |user: &UserId| reach.people.as_ref().is_none_or(|people| people.contains(user));
    Ok(Some(members.into_iter().map(|member| member.id.0).filter(seen).collect()))
}

fn place(visit: &BoardVisit) -> Place {
    let plan = &visit.listing.plan;
    Place {
        is_deferred_safety: visit.is_deferred_safety,
        attempt: plan.attempt,
        planned_start: plan.planned_start_ms,
        id: plan.id.to_string(),
    }
}

/// Adds to the visits of a day what the board shows, a few queries for all of them.
fn board_visits(conn: &mut Conn, ctx: &Ctx, reach: &Reach, rows: Vec<VisitRecord>) -> AppResult<Vec<BoardVisit>> {
    let org = ctx.actor.org;
    let ids: Vec<VisitId> = rows.iter().map(|row| row.id.0).collect();
    let places = visits::list_places(conn, org, &ids)?;
    let mut places: BTreeMap<VisitId, VisitPlace> = places.into_iter().map(|place| (place.visit, place)).collect();
    let deferred = deferred_before(conn, ctx, &rows)?;
    let policies = policies_of(conn, ctx, &rows)?;
    let short_notice = short_notices(conn, ctx, &rows, &policies)?;
    let orders: Vec<_> = rows.iter().filter_map(|row| row.work_order_id).map(|id| id.0).collect();
    let held: BTreeSet<_> = list_holds(conn, org, &orders)?.into_iter().map(|hold| hold.work_order_id.0).collect();
    let listed = listings(conn, ctx, rows)?;
    let risk_minutes = |listing: &VisitListing| said_in(&policies, listing.row.policy_in_force(), keys::LATE_RISK);
    let board_visit = |listing: VisitListing| {
        let place = places.remove(&listing.plan.id).filter(|_| !reach.masks(&listing.plan.crew));
        let (customer, address) = place.map(|place| (place.customer, place.address)).unzip();
        BoardVisit {
            is_late_risk: is_late_risk(listing.plan.planned_start_ms, listing.state, ctx.now, risk_minutes(&listing)),
            is_deferred_safety: listing.plan.previous_visit_id.is_some_and(|before| deferred.contains(&before)),
            is_short_notice: listing.plan.appointment_id.is_some_and(|id| short_notice.contains(&id)),
            is_on_hold: listing.plan.work_order_id.is_some_and(|id| held.contains(&id)),
            customer,
            address,
            listing,
        }
    };
    Ok(listed.into_iter().map(board_visit).collect())
}

/// The attempts before that were deferred for safety.
pub(crate) fn deferred_before(conn: &mut Conn, ctx: &Ctx, rows: &[VisitRecord]) -> AppResult<BTreeSet<VisitId>> {
    let ids: Vec<VisitId> = rows.iter().filter_map(|row| row.previous_visit_id).map(|id| id.0).collect();
    let filter = VisitFilter { ids: Some(ids), ..Default::default() };
    let before = visits::list_visits(conn, ctx.actor.org, &filter, "", MAX_VISITS)?;
    let is_deferred = |row: &VisitRecord| row.outcome.as_deref() == Some("deferred_safety");
    Ok(before.into_iter().filter(is_deferred).map(|row| row.id.0).collect())
}

/// The policies that a day's visits are under: a few versions.
type Policies = BTreeMap<i64, PolicyRow>;

fn policies_of(conn: &mut Conn, ctx: &Ctx, rows: &[VisitRecord]) -> AppResult<Policies> {
    let versions: BTreeSet<i64> = rows.iter().map(VisitRecord::policy_in_force).collect();
    let load = |version: i64| Ok(policy_row(conn, ctx.actor.org, version)?.map(|policy| (version, policy)));
    let loaded: AppResult<Vec<_>> = versions.into_iter().map(load).collect();
    Ok(loaded?.into_iter().flatten().collect())
}

/// What the policy of a version says; the default where there is none.
fn said_in(policies: &Policies, version: i64, key: Key<Whole>) -> i64 {
    policies.get(&version).map_or(key.kind.default, |policy| policy.get(key))
}

/// The appointments that we moved with less notice than the policy of their visit asks (APT-04).
fn short_notices(
    conn: &mut Conn,
    ctx: &Ctx,
    rows: &[VisitRecord],
    policies: &Policies,
) -> AppResult<BTreeSet<AppointmentId>> {
    let of = |row: &VisitRecord| Some((row.appointment_id?.0, row.policy_in_force()));
    let versions: BTreeMap<AppointmentId, i64> = rows.iter().filter_map(of).collect();
    let ids: Vec<AppointmentId> = versions.keys().copied().collect();
    let mut short = BTreeSet::new();
    for row in list_appointments(conn, ctx.actor.org, &ids)? {
        let version = versions.get(&row.id.0).copied().unwrap_or_default();
        let minimum = said_in(policies, version, keys::RESCHEDULE_NOTICE);
        let changes = appointment_row(&row)?.changes;
        if changes.iter().any(|change| change.proposed_by_us && change.notice(minimum) == Deadline::Missed) {
            short.insert(row.id.0);
        }
    }
    Ok(short)
}

/// One line per rep with visits, by name; then those without a crew.
fn lines(conn: &mut Conn, ctx: &Ctx, people: Option<&[UserId]>, visits: Vec<BoardVisit>) -> AppResult<Vec<BoardLine>> {
    let mut by_rep: BTreeMap<UserId, Vec<BoardVisit>> = BTreeMap::new();
    let mut open = Vec::new();
    for visit in visits {
        let seen = |rep: &&UserId| people.is_none_or(|people| people.contains(rep));
        let crew: Vec<UserId> = visit.listing.plan.crew.iter().filter(seen).copied().collect();
        if crew.is_empty() {
            open.push(visit.clone());
        }
        for rep in crew {
            by_rep.entry(rep).or_default().push(visit.clone());
        }
    }
    let mut lines = Vec::with_capacity(by_rep.len() + 1);
    for (rep, visits) in by_rep {
        let name = users::find_user(conn, ctx.actor.org, rep)?.map(|user| user.name).unwrap_or_default();
        lines.push(BoardLine { rep: Some((rep, name)), visits });
    }
    lines.sort_by(|a, b| name_of(a).cmp(&name_of(b)));
    if !open.is_empty() {
        lines.push(BoardLine { rep: None, visits: open });
    }
    Ok(lines)
}

fn name_of(line: &BoardLine) -> Option<(&str, UserId)> {
    line.rep.as_ref().map(|(rep, name)| (name.as_str(), *rep))
}
