//! Who holds what: keeps the feed of every audience right after any change (design section 3, points 4 and 5).
//!
//! Owns audiences and the sync window; knows no bodies of rows.

use std::collections::BTreeSet;

use doorstep_store::assignments::{list_assignments, list_crew};
use doorstep_store::conflicts::list_choice_bodies;
use doorstep_store::feed::{FeedBatch, FeedKind, FeedOp, list_holders, lock_audience};
use doorstep_store::presence::lock_visit;
use doorstep_store::scope::{
    Held, Shared, has_document, list_aged, list_needed, list_needing, list_rework_bodies, list_verdict_bodies,
};
use doorstep_store::visits::{VisitRecord, find_visit};
use doorstep_store::work_orders::find_work_order;
use doorstep_store::{Conn, organisations};
use sync_core::ids::{AssignmentId, OrgId, TeamId, UserId, VisitId};
use sync_core::protocol::Audience;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use crate::app::rows::corrupt;
use crate::app::{AppError, AppResult, ErrorCode, late_work};
use crate::config::SyncConfig;
use crate::domain::visit::is_in_scope;
use crate::domain::zone::ZoneError;
use crate::domain::{Actor, Role, Window, Zone};

/// The audience of everybody in an organisation.
pub const EVERYBODY: &str = "o";

/// The audience of one person.
#[must_use]
pub fn audience_of_user(user: UserId) -> String {
    format!("u:{user}")
}

/// The audience of a team.
#[must_use]
pub fn audience_of_team(team: TeamId) -> String {
    format!("t:{team}")
}

/// The zone of an organisation's business rules.
///
/// # Errors
/// Not found, or a zone that does not exist.
pub fn load_zone(conn: &mut Conn, org: OrgId) -> AppResult<Zone> {
    let row = organisations::load_organisation(conn, org)?;
    Zone::named(&row.zone).map_err(|error| corrupt("organisations", org, error))
}

/// The window of planned starts that phones carry now.
///
/// # Errors
/// Not found, or a zone that does not exist.
pub fn load_window(conn: &mut Conn, org: OrgId, config: &SyncConfig, now: UnixMillis) -> AppResult<Window> {
    let around = load_zone(conn, org)?.around(now, config.days_back, config.days_ahead);
    around.map_err(|error: ZoneError| AppError::Internal(error.to_string()))
}

/// Tells everybody who holds an item that it changed.
///
/// # Errors
/// Database errors only.
pub fn touch(conn: &mut Conn, batch: &mut FeedBatch, org: OrgId, kind: FeedKind, item: &str) -> AppResult<()> {
    for audience in list_holders(conn, org, kind, item)? {
        if batch.told(&audience, kind, item).is_none() {
            batch.put(audience, kind, item);
        }
    }
    Ok(())
}

/// Makes every audience right for one visit after any change of it.
///
/// An audience that gains the visit gets everything it needs, at new positions; one that keeps it gets
/// what the office may have changed; one that loses it loses whatever no other visit of it needs.
///
/// # Concurrency
/// Locks the visit's row first: a push that would tell the holders of now waits, or was told of before.
///
/// # Errors
/// `not_found` if there is no such visit.
pub fn refresh_visit(
    conn: &mut Conn,
    batch: &mut FeedBatch,
    org: OrgId,
    visit: VisitId,
    window: Window,
) -> AppResult<()> {
    lock_visit(conn, org, visit)?;
    let row = find_visit(conn, org, visit)?.ok_or(ErrorCode::NotFound)?;
    let items = items_of(conn, &row)?;
    let wanted = wanted_audiences(conn, &row, window)?;
    let holders = list_holders(conn, org, FeedKind::Visit, &visit.to_string())?;
    for audience in &wanted {
        let stays = holders.contains(audience);
        for item in &items {
            if !stays || item.is_office_side() || !is_held(conn, batch, org, audience, item)? {
                batch.put(audience, item.kind, &item.id);
            }
        }
    }
    for audience in holders.difference(&wanted) {
        for item in &items {
            if !is_needed_elsewhere(conn, batch, org, audience, item, visit)? {
                batch.gone(audience, item.kind, &item.id);
            }
        }
    }
    Ok(())
}

/// What the feed does not give an audience that carries a visit: audience, kind and item.
///
/// Whoever has the visit, its document or one of its assignments has all that [`refresh_visit`] puts; who has nothing of
/// them may rightly be outside the window.
///
/// # Errors
/// Corrupt rows.
pub fn list_withheld(conn: &mut Conn, row: &VisitRecord) -> AppResult<Vec<(String, FeedKind, String)>> {
    let (mut carriers, mut held) = (BTreeSet::new(), Vec::new());
    for item in items_of(conn, row)? {
        let holders = list_holders(conn, row.org_id.0, item.kind, &item.id)?;
        if matches!(item.kind, FeedKind::Visit | FeedKind::Doc | FeedKind::Assignment) {
            carriers.extend(holders.iter().cloned());
        }
        held.push((item, holders));
    }
    let mut withheld = Vec::new();
    for (item, holders) in held {
        let lacking = carriers.difference(&holders).cloned();
        withheld.extend(lacking.map(|audience| (audience, item.kind, item.id.clone())));
    }
    Ok(withheld)
}

/// Tells the crew of a visit that was made in this transaction and serves no order: nobody else can hold it, and there is
/// nothing else to it yet.
///
/// # Errors
/// A state no version knows.
pub fn enter_new_visit(
    batch: &mut FeedBatch,
    row: &VisitRecord,
    assignment: AssignmentId,
    crew: (UserId, Option<TeamId>),
    window: Window,
) -> AppResult<()> {
    for audience in audiences_of_visit(row, [crew], window)? {
        batch.put(audience.clone(), FeedKind::Visit, row.id);
        batch.put(audience, FeedKind::Assignment, assignment);
    }
    Ok(())
}

/// What an audience holds though no visit of it needs it: customers, sites and appointments that a rep made at the
/// door, once they are older than the window.
///
/// # Errors
/// Database errors only.
pub fn list_unneeded(conn: &mut Conn, org: OrgId, audience: &str, window: Window) -> AppResult<Vec<Held>> {
    let aged = list_aged(conn, org, audience, window.from.0)?;
    if aged.is_empty() {
        return Ok(Vec::new());
    }
    let needed = list_needed(conn, org, audience)?;
    Ok(aged.difference(&needed).cloned().collect())
}

/// Takes from an audience what none of its visits needs any more; tells how much.
///
/// # Concurrency
/// Locks the audience first, so that a visit that comes to it meanwhile brings its things after this.
///
/// # Errors
/// Database errors only.
pub fn drop_unneeded(conn: &mut Conn, org: OrgId, audience: &str, window: Window) -> AppResult<usize> {
    lock_audience(conn, org, audience)?;
    let unneeded = list_unneeded(conn, org, audience, window)?;
    let mut batch = FeedBatch::new();
    for (kind, item) in &unneeded {
        batch.gone(audience, *kind, item);
    }
    batch.publish(conn, org)?;
    Ok(unneeded.len())
}

/// The audiences of somebody, from who he is now.
#[must_use]
pub fn audiences_of(actor: &Actor) -> BTreeSet<Audience> {
    let team = actor.team.filter(|_| actor.has(Role::TeamLead)).map(Audience::Team);
    [Some(Audience::Org), team, Some(Audience::User(actor.user))].into_iter().flatten().collect()
}

/// The audiences that should hold a visit now.
fn wanted_audiences(conn: &mut Conn, row: &VisitRecord, window: Window) -> AppResult<BTreeSet<String>> {
    let crew = list_crew(conn, row.org_id.0, row.id.0)?;
    audiences_of_visit(row, crew.into_iter().map(|member| (member.rep, member.team)), window)
}

/// The audiences of a visit with this crew.
fn audiences_of_visit(
    row: &VisitRecord,
    crew: impl IntoIterator<Item = (UserId, Option<TeamId>)>,
    window: Window,
) -> AppResult<BTreeSet<String>> {
    let state = VisitState::from_code(&row.state).ok_or_else(|| corrupt("visits", row.id, "its state is unknown"))?;
    let planned_start = row.planned_start_ms.map(UnixMillis);
    if !is_in_scope(planned_start, UnixMillis(row.created_at_ms), state, window) {
        return Ok(BTreeSet::new());
    }
    let mut audiences = BTreeSet::new();
    for (rep, team) in crew {
        audiences.insert(audience_of_user(rep));
        audiences.extend(team.map(audience_of_team));
    }
    Ok(audiences)
}

/// One thing a visit needs on a phone.
struct Item {
    kind: FeedKind,
    id: String,
    /// Set where other visits may need it too.
    shared: Option<Shared>,
}

impl Item {
    fn own(kind: FeedKind, id: impl ToString) -> Self {
        Self { kind, id: id.to_string(), shared: None }
    }

    fn shared(kind: FeedKind, id: impl ToString, shared: Shared) -> Self {
        Self { kind, id: id.to_string(), shared: Some(shared) }
    }

    /// Whether the office changes it together with the visit; other changes are told by `touch`.
    const fn is_office_side(&self) -> bool {
        matches!(self.kind, FeedKind::Visit | FeedKind::Appointment | FeedKind::Assignment)
    }
}

fn items_of(conn: &mut Conn, row: &VisitRecord) -> AppResult<Vec<Item>> {
    let (org, visit) = (row.org_id.0, row.id.0);
    let mut items = vec![Item::own(FeedKind::Visit, visit)];
    if has_document(conn, org, visit)? {
        items.push(Item::own(FeedKind::Doc, visit));
    }
    if let Some(id) = row.work_order_id {
        let order = find_work_order(conn, org, id.0)?.ok_or_else(|| corrupt("visits", visit, "no work order"))?;
        let (customer, site) = (order.customer_id.0, order.site_id.0);
        items.push(Item::shared(FeedKind::WorkOrder, id, Shared::WorkOrder(id.0)));
        items.push(Item::shared(FeedKind::Customer, customer, Shared::Customer(customer)));
        items.push(Item::shared(FeedKind::Site, site, Shared::Site(site)));
    }
    if let Some(id) = row.appointment_id {
        items.push(Item::shared(FeedKind::Appointment, id, Shared::Appointment(id.0)));
    }
    items.extend(list_assignments(conn, org, visit)?.iter().map(|row| Item::own(FeedKind::Assignment, row.id)));
    items.extend(list_verdict_bodies(conn, org, visit)?.iter().map(|(id, _)| Item::own(FeedKind::Verdict, id)));
    items.extend(list_rework_bodies(conn, org, visit)?.iter().map(|(id, _)| Item::own(FeedKind::Rework, id)));
    items.extend(list_choice_bodies(conn, org, visit)?.iter().map(|(id, _)| Item::own(FeedKind::Conflict, id)));
    let late = late_items(conn, org, visit)?;
    items.extend(late.into_iter().map(|(kind, id)| Item::own(kind, id)));
    Ok(items)
}

/// What tells a phone which of a visit's document is held out, by whoever carries the visit.
///
/// # Errors
/// Corrupt rows.
pub fn late_items(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<Vec<(FeedKind, String)>> {
    Ok(late_items_of(&late_work::load(conn, org, visit)?))
}

/// As [`late_items`], of rows that are at hand.
pub fn late_items_of(late: &late_work::LateRows) -> Vec<(FeedKind, String)> {
    let held = late.work.iter().filter(|work| work.reason.is_held_out());
    let decisions = late.decisions.iter().map(|decision| (FeedKind::LateDecision, decision.id.to_string()));
    held.map(|work| (FeedKind::LateWork, late_work::item_key(work))).chain(decisions).collect()
}

/// Whether an audience has an item, counting what this batch tells it.
fn is_held(conn: &mut Conn, batch: &FeedBatch, org: OrgId, audience: &str, item: &Item) -> AppResult<bool> {
    match batch.told(audience, item.kind, &item.id) {
        Some(op) => Ok(op == FeedOp::Put),
        None => Ok(list_holders(conn, org, item.kind, &item.id)?.contains(audience)),
    }
}

/// Whether an audience that loses `visit` needs the item for another visit.
fn is_needed_elsewhere(
    conn: &mut Conn,
    batch: &FeedBatch,
    org: OrgId,
    audience: &str,
    item: &Item,
    visit: VisitId,
) -> AppResult<bool> {
    let Some(shared) = item.shared else { return Ok(false) };
    if batch.told(audience, item.kind, &item.id) == Some(FeedOp::Put) {
        return Ok(true);
    }
    let needing = list_needing(conn, org, audience, shared)?;
    // Other visits that leave in the same transaction no longer count.
    let stays = |other: &VisitId| {
        *other != visit && batch.told(audience, FeedKind::Visit, &other.to_string()) != Some(FeedOp::Gone)
    };
    Ok(needing.iter().any(stays))
}
