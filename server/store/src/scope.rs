//! Questions of the sync scope: which visits an audience holds, which changed sides of the window, and what else an
//! audience holds that no visit needs.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use sync_core::ids::{AppointmentId, CustomerId, OrgId, ReworkId, SiteId, VerdictId, VisitId, WorkOrderId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::feed::FeedKind;
use crate::one_of::one_of;
use crate::schema::{
    appointments, assignments, customers, documents, feed, reworks, sites, verdicts, visits, work_orders,
};
use crate::text::Txt;

/// Kind and id of something an audience holds.
pub type Held = (FeedKind, String);

/// A thing that several visits of one audience may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// A customer.
    Customer(CustomerId),
    /// A site.
    Site(SiteId),
    /// A work order.
    WorkOrder(WorkOrderId),
    /// An appointment.
    Appointment(AppointmentId),
}

/// The visits an audience holds that need a thing.
///
/// # Errors
/// Database errors only.
pub fn list_needing(conn: &mut Conn, org: OrgId, audience: &str, thing: Shared) -> StoreResult<Vec<VisitId>> {
    let found: Vec<Txt<VisitId>> = per_backend!(conn, c => {
        let held = feed::table
            .filter(feed::org_id.eq(Txt(org))
                .and(feed::audience.eq(audience))
                .and(feed::kind.eq(Txt(FeedKind::Visit)))
                .and(feed::op.eq("put")))
            .select(feed::item);
        let mut query = visits::table
            .left_join(work_orders::table.on(work_orders::org_id.eq(visits::org_id)
                .and(work_orders::id.nullable().eq(visits::work_order_id))))
            .filter(visits::org_id.eq(Txt(org)))
            .filter(visits::id.eq_any(held))
            .select(visits::id)
            .into_boxed();
        query = match thing {
            Shared::Customer(id) => query.filter(work_orders::customer_id.eq(Txt(id))),
            Shared::Site(id) => query.filter(work_orders::site_id.eq(Txt(id))),
            Shared::WorkOrder(id) => query.filter(visits::work_order_id.eq(Txt(id))),
            Shared::Appointment(id) => query.filter(visits::appointment_id.eq(Txt(id))),
        };
        query.load(c)
    })?;
    Ok(found.into_iter().map(|id| id.0).collect())
}

/// A window of planned starts: from the first instant, before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edges {
    /// First instant inside.
    pub from_ms: i64,
    /// First instant after.
    pub to_ms: i64,
}

/// Visits inside the window with a crew that no audience holds yet, in id order after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_entering(conn: &mut Conn, org: OrgId, window: Edges, after: &str, limit: i64) -> StoreResult<Vec<VisitId>> {
    let found: Vec<Txt<VisitId>> = per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org))
            .and(visits::planned_start_ms.ge(window.from_ms))
            .and(visits::planned_start_ms.lt(window.to_ms)))
        // An expression instead of the column keeps the engine from walking the primary key.
        .filter(visits::id.concat("").gt(after))
        .filter(exists(assignments::table.filter(assignments::org_id.eq(visits::org_id)
            .and(assignments::visit_id.eq(visits::id))
            .and(assignments::until_ms.is_null()))))
        .filter(not(exists(feed::table.filter(feed::org_id.eq(visits::org_id)
            .and(feed::kind.eq(Txt(FeedKind::Visit)))
            .and(feed::item.eq(visits::id))
            .and(feed::op.eq("put"))))))
        .order(visits::id.concat(""))
        .limit(limit)
        .select(visits::id)
        .load(c))?;
    Ok(found.into_iter().map(|id| id.0).collect())
}

/// Visits outside the window that an audience still holds, in id order after `after`.
///
/// Before the window only those in one of the states `done` leave it; without a plan the day they were made counts.
///
/// # Errors
/// Database errors only.
pub fn list_leaving(
    conn: &mut Conn,
    org: OrgId,
    window: Edges,
    done: &[&str],
    after: &str,
    limit: i64,
) -> StoreResult<Vec<VisitId>> {
    let found: Vec<Txt<VisitId>> = per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(visits::id.gt(after)))
        .filter(visits::planned_start_ms.ge(window.to_ms)
            .or(visits::planned_start_ms.lt(window.from_ms).and(one_of(visits::state, done)))
            .or(visits::planned_start_ms.is_null()
                .and(visits::created_at_ms.lt(window.from_ms))
                .and(one_of(visits::state, done))))
        .filter(exists(feed::table.filter(feed::org_id.eq(visits::org_id)
            .and(feed::kind.eq(Txt(FeedKind::Visit)))
            .and(feed::item.eq(visits::id))
            .and(feed::op.eq("put")))))
        .order(visits::id)
        .limit(limit)
        .select(visits::id)
        .load(c))?;
    Ok(found.into_iter().map(|id| id.0).collect())
}

/// Customers, sites and appointments an audience holds that are older than an instant; an appointment is as old as
/// its start.
///
/// # Errors
/// Database errors only.
pub fn list_aged(conn: &mut Conn, org: OrgId, audience: &str, before_ms: i64) -> StoreResult<BTreeSet<Held>> {
    let mut aged = BTreeSet::new();
    macro_rules! add {
        ($kind:ident, $table:ident, $since:ident) => {
            let held = feed::table
                .filter(feed::org_id.eq(Txt(org)).and(feed::audience.eq(audience)))
                .filter(feed::kind.eq(Txt(FeedKind::$kind)).and(feed::op.eq("put")))
                .select(feed::item);
            let found: Vec<String> = per_backend!(conn, c => $table::table
                .filter($table::org_id.eq(Txt(org)).and($table::$since.lt(before_ms)).and($table::id.eq_any(held)))
                .select($table::id)
                .load(c))?;
            aged.extend(found.into_iter().map(|id| (FeedKind::$kind, id)));
        };
    }
    add!(Customer, customers, created_at_ms);
    add!(Site, sites, created_at_ms);
    add!(Appointment, appointments, start_ms);
    Ok(aged)
}

/// Customers, sites and appointments of the visits an audience holds.
///
/// # Errors
/// Database errors only.
pub fn list_needed(conn: &mut Conn, org: OrgId, audience: &str) -> StoreResult<BTreeSet<Held>> {
    type Needed = (Option<String>, Option<String>, Option<String>);
    let held = feed::table
        .filter(feed::org_id.eq(Txt(org)).and(feed::audience.eq(audience)))
        .filter(feed::kind.eq(Txt(FeedKind::Visit)).and(feed::op.eq("put")))
        .select(feed::item);
    let rows: Vec<Needed> = per_backend!(conn, c => visits::table
        .left_join(work_orders::table.on(work_orders::org_id.eq(visits::org_id)
            .and(work_orders::id.nullable().eq(visits::work_order_id))))
        .filter(visits::org_id.eq(Txt(org)).and(visits::id.eq_any(held)))
        .select((work_orders::customer_id.nullable(), work_orders::site_id.nullable(), visits::appointment_id))
        .load(c))?;
    let kinds = [FeedKind::Customer, FeedKind::Site, FeedKind::Appointment];
    let things =
        rows.into_iter().flat_map(|(customer, site, appointment)| kinds.into_iter().zip([customer, site, appointment]));
    Ok(things.filter_map(|(kind, id)| Some((kind, id?))).collect())
}

/// Whether a visit has a document.
///
/// # Errors
/// Database errors only.
pub fn has_document(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<bool> {
    let count: i64 = per_backend!(conn, c => documents::table.find((Txt(org), Txt(visit))).count().get_result(c))?;
    Ok(count > 0)
}

/// The stored snapshot of a visit's document.
///
/// # Errors
/// Database errors only.
pub fn find_snapshot(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Option<Vec<u8>>> {
    Ok(per_backend!(conn, c => documents::table
        .find((Txt(org), Txt(visit)))
        .select(documents::snapshot)
        .first(c)
        .optional())?)
}

/// Verdicts of a visit as stored JSON, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_verdict_bodies(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<(VerdictId, String)>> {
    let rows: Vec<(Txt<VerdictId>, String)> = per_backend!(conn, c => verdicts::table
        .filter(verdicts::org_id.eq(Txt(org)).and(verdicts::visit_id.eq(Txt(visit))))
        .order((verdicts::at_ms, verdicts::id))
        .select((verdicts::id, verdicts::body))
        .load(c))?;
    Ok(rows.into_iter().map(|(id, body)| (id.0, body)).collect())
}

/// Rework tickets of a visit as stored JSON, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_rework_bodies(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<(ReworkId, String)>> {
    let rows: Vec<(Txt<ReworkId>, String)> = per_backend!(conn, c => reworks::table
        .filter(reworks::org_id.eq(Txt(org)).and(reworks::visit_id.eq(Txt(visit))))
        .order((reworks::opened_at_ms, reworks::id))
        .select((reworks::id, reworks::body))
        .load(c))?;
    Ok(rows.into_iter().map(|(id, body)| (id.0, body)).collect())
}

/// Verdicts and rework tickets of visits as stored JSON.
#[derive(Debug, Clone, Default)]
pub struct ReviewBodies {
    /// Verdicts of each visit, oldest first.
    pub verdicts: BTreeMap<VisitId, Vec<(VerdictId, String)>>,
    /// Rework tickets of each visit, oldest first.
    pub reworks: BTreeMap<VisitId, Vec<(ReworkId, String)>>,
}

/// Verdicts and rework tickets of visits.
///
/// # Errors
/// Database errors only.
pub fn list_review_bodies(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<ReviewBodies> {
    let mut bodies = ReviewBodies::default();
    let verdicts: Vec<(Txt<VisitId>, Txt<VerdictId>, String)> = per_backend!(conn, c => verdicts::table
        .filter(verdicts::org_id.eq(Txt(org)).and(one_of(verdicts::visit_id, of)))
        .order((verdicts::at_ms, verdicts::id))
        .select((verdicts::visit_id, verdicts::id, verdicts::body))
        .load(c))?;
    for (visit, id, body) in verdicts {
        bodies.verdicts.entry(visit.0).or_default().push((id.0, body));
    }
    let reworks: Vec<(Txt<VisitId>, Txt<ReworkId>, String)> = per_backend!(conn, c => reworks::table
        .filter(reworks::org_id.eq(Txt(org)).and(one_of(reworks::visit_id, of)))
        .order((reworks::opened_at_ms, reworks::id))
        .select((reworks::visit_id, reworks::id, reworks::body))
        .load(c))?;
    for (visit, id, body) in reworks {
        bodies.reworks.entry(visit.0).or_default().push((id.0, body));
    }
    Ok(bodies)
}
