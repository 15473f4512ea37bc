//! The day board: who does what on one day, in the order of the day.

use std::collections::BTreeMap;

use doorstep_store::visits::{self, VisitFilter};
use doorstep_store::{Conn, users};
use sync_core::ids::{UserId, VisitId};
use sync_core::plan::AppointmentChange;

use crate::app::rows::appointment_row;
use crate::app::scope::load_zone;
use crate::app::visits::VisitListing;
use crate::app::visits::show::{listings, no_day};
use crate::app::{AppError, AppResult, AppState, Ctx, reach};
use crate::domain::visit::{Place, is_late_risk};
use doorstep_store::appointments::find_appointment;
use doorstep_store::customers::find_customer;
use doorstep_store::sites::find_site;
use doorstep_store::work_orders::find_work_order;
use sync_core::formulas::{RESCHEDULE_NOTICE_MIN, reschedule_notice};

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
    /// Whether its time was changed with less notice than APT-04 asks.
    pub is_short_notice: bool,
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
}

/// Shows a day, today if none is named, as far as the asker may see it.
///
/// # Errors
/// `parameter_invalid` if the day does not exist.
pub async fn show_day_board(state: &AppState, ctx: Ctx, day: Option<String>) -> AppResult<Board> {
    state
        .store
        .read(move |conn| {
            let zone = load_zone(conn, ctx.actor.org)?;
            let today = || zone.day(ctx.now).map_err(|error| AppError::Internal(error.to_string()));
            let day = day.map_or_else(today, Ok)?;
            let bounds = zone.bounds(&day).map_err(|_no_day| no_day())?;
            let filter = VisitFilter {
                from_ms: Some(bounds.from.0),
                to_ms: Some(bounds.to.0),
                reach: reach::of(conn, &ctx)?,
                ..Default::default()
            };
            let rows = visits::list_visits(conn, ctx.actor.org, &filter, "", MAX_VISITS)?;
            let listed = listings(conn, &ctx, rows)?;
            let mut visits = Vec::with_capacity(listed.len());
            for listing in listed {
                visits.push(board_visit(conn, &ctx, listing)?);
            }
            visits.sort_by_key(|visit| place(visit).key());
            Ok::<_, AppError>(Board { lines: lines(conn, &ctx, &filter, visits)?, day })
        })
        .await
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

fn board_visit(conn: &mut Conn, ctx: &Ctx, listing: VisitListing) -> AppResult<BoardVisit> {
    let org = ctx.actor.org;
    let (mut customer, mut address) = (None, None);
    if let Some(id) = listing.row.work_order_id
        && !reach::is_masked(ctx)
        && let Some(order) = find_work_order(conn, org, id.0)?
    {
        customer = find_customer(conn, org, order.customer_id.0)?.map(|row| row.name);
        address = find_site(conn, org, order.site_id.0)?.map(|row| row.address);
    }
    let previous: Option<VisitId> = listing.plan.previous_visit_id;
    let before = match previous {
        Some(id) => visits::find_visit(conn, org, id)?,
        None => None,
    };
    Ok(BoardVisit {
        is_late_risk: is_late_risk(listing.plan.planned_start_ms, listing.state, ctx.now),
        is_deferred_safety: before.is_some_and(|before| before.outcome.as_deref() == Some("deferred_safety")),
        is_short_notice: has_short_notice(conn, &listing)?,
        customer,
        address,
        listing,
    })
}

/// Whether we moved the time with less than two hours' notice.
fn has_short_notice(conn: &mut Conn, listing: &VisitListing) -> AppResult<bool> {
    let Some(id) = listing.row.appointment_id else { return Ok(false) };
    let Some(row) = find_appointment(conn, listing.row.org_id.0, id.0)? else { return Ok(false) };
    let is_short = |change: &AppointmentChange| {
        let notice = reschedule_notice(change.from_ms, change.notified_at_ms, RESCHEDULE_NOTICE_MIN);
        change.proposed_by_us && !notice.compliant
    };
    Ok(appointment_row(&row)?.changes.iter().any(is_short))
}

/// One line per rep with visits, by name; then those without a crew.
fn lines(conn: &mut Conn, ctx: &Ctx, filter: &VisitFilter, visits: Vec<BoardVisit>) -> AppResult<Vec<BoardLine>> {
    let mut by_rep: BTreeMap<UserId, Vec<BoardVisit>> = BTreeMap::new();
    let mut open = Vec::new();
    for visit in visits {
        let seen = |rep: &&UserId| filter.reach.as_ref().is_none_or(|reach| reach.contains(rep));
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
