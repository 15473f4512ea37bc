//! What a rep has to do: planned starts and the visits of a day.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use sync_core::ids::{GridId, OrgId, UserId, VisitId, WorkOrderId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::feed::FeedKind;
use crate::one_of::one_of;
use crate::schema::{assignments, feed, sites, visits, work_orders};
use crate::text::Txt;
use crate::visits::VisitRecord;

/// Planned starts of a rep's open visits other than `except`, in milliseconds.
///
/// # Errors
/// Database errors only.
pub fn list_planned_starts(conn: &mut Conn, org: OrgId, rep: UserId, except: Option<VisitId>) -> StoreResult<Vec<i64>> {
    let starts: Vec<(Txt<VisitId>, Option<i64>)> = per_backend!(conn, c => assignments::table
        .inner_join(visits::table.on(visits::org_id.eq(assignments::org_id).and(visits::id.eq(assignments::visit_id))))
        .filter(assignments::org_id.eq(Txt(org))
            .and(assignments::rep_id.eq(Txt(rep)))
            .and(assignments::until_ms.is_null())
            .and(visits::cancelled_at_ms.is_null())
            .and(visits::closed_at_ms.is_null()))
        .select((visits::id, visits::planned_start_ms))
        .load(c))?;
    Ok(starts.into_iter().filter(|(id, _)| Some(id.0) != except).filter_map(|(_, start)| start).collect())
}

/// A visit that an audience holds.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct HeldVisit {
    /// The visit.
    pub id: Txt<VisitId>,
    /// What it is for.
    pub work_order_id: Option<Txt<WorkOrderId>>,
}

/// Visits an audience holds whose planned start lies in `[from_ms, to_ms)`, by start; the first `most` of them.
///
/// # Errors
/// Database errors only.
pub fn list_held_between(
    conn: &mut Conn,
    org: OrgId,
    audience: &str,
    (from_ms, to_ms): (i64, i64),
    most: i64,
) -> StoreResult<Vec<HeldVisit>> {
    let held: Vec<String> = per_backend!(conn, c => feed::table
        .filter(feed::org_id.eq(Txt(org))
            .and(feed::audience.eq(audience))
            .and(feed::kind.eq(Txt(FeedKind::Visit)))
            .and(feed::op.eq("put")))
        .select(feed::item)
        .load(c))?;
    Ok(per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org))
            .and(one_of(visits::id, &held))
            .and(visits::planned_start_ms.ge(from_ms))
            .and(visits::planned_start_ms.lt(to_ms)))
        .order((visits::planned_start_ms, visits::id))
        .limit(most)
        .select((visits::id, visits::work_order_id))
        .load(c))?)
}

/// Visits in one of these states that nobody is assigned to, with a planned start in `[from_ms, to_ms)`.
///
/// # Errors
/// Database errors only.
pub fn list_unassigned(
    conn: &mut Conn,
    org: OrgId,
    states: &[&str],
    (from_ms, to_ms): (i64, i64),
) -> StoreResult<Vec<VisitRecord>> {
    Ok(per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org))
            .and(visits::planned_start_ms.ge(from_ms))
            .and(visits::planned_start_ms.lt(to_ms)))
        .filter(one_of(visits::state, states))
        .filter(not(exists(assignments::table.filter(assignments::org_id.eq(visits::org_id)
            .and(assignments::visit_id.eq(visits::id))
            .and(assignments::until_ms.is_null())))))
        .order((visits::planned_start_ms, visits::id))
        .select(VisitRecord::as_select())
        .load(c))?)
}

/// A visit that a rep is assigned to.
#[derive(Debug, Clone, Queryable)]
pub struct TakenTime {
    /// The rep.
    pub rep_id: Txt<UserId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Planned start.
    pub planned_start_ms: Option<i64>,
    /// Version of the policy that its plan follows.
    pub policy_version: i64,
    /// Version of the policy that its crew pinned.
    pub pinned_policy_version: Option<i64>,
}

/// What these reps are assigned to whose planned start lies in `[from_ms, to_ms)`, but for cancelled visits.
///
/// # Errors
/// Database errors only.
pub fn list_taken(
    conn: &mut Conn,
    org: OrgId,
    reps: &[UserId],
    (from_ms, to_ms): (i64, i64),
) -> StoreResult<Vec<TakenTime>> {
    Ok(per_backend!(conn, c => visits::table
        .inner_join(assignments::table.on(assignments::org_id.eq(visits::org_id)
            .and(assignments::visit_id.eq(visits::id))))
        .filter(visits::org_id.eq(Txt(org))
            .and(visits::planned_start_ms.ge(from_ms))
            .and(visits::planned_start_ms.lt(to_ms))
            .and(visits::cancelled_at_ms.is_null())
            .and(assignments::until_ms.is_null()))
        .filter(one_of(assignments::rep_id, reps))
        .order((visits::planned_start_ms, visits::id, assignments::rep_id))
        .select((
            assignments::rep_id,
            visits::id,
            visits::planned_start_ms,
            visits::policy_version,
            visits::pinned_policy_version,
        ))
        .load(c))?)
}

/// What a visit is for, and where.
#[derive(Debug, Clone, Queryable)]
pub struct Errand {
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// The order.
    pub work_order_id: Txt<WorkOrderId>,
    /// Type of the order.
    pub kind: String,
    /// Grid of the site.
    pub grid_id: Option<Txt<GridId>>,
}

/// What these visits are for; those without an order are left out.
///
/// # Errors
/// Database errors only.
pub fn list_errands(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<Vec<Errand>> {
    Ok(per_backend!(conn, c => visits::table
        .inner_join(work_orders::table.on(work_orders::org_id.eq(visits::org_id)
            .and(work_orders::id.nullable().eq(visits::work_order_id))))
        .inner_join(sites::table.on(sites::org_id.eq(work_orders::org_id).and(sites::id.eq(work_orders::site_id))))
        .filter(visits::org_id.eq(Txt(org)).and(one_of(visits::id, of)))
        .select((visits::id, work_orders::id, work_orders::kind, sites::grid_id))
        .load(c))?)
}

/// Visits in one of these states that a rep is assigned to, with a planned start before `before_ms` or none; the first
/// `most` of them by id.
///
/// # Errors
/// Database errors only.
pub fn list_open(
    conn: &mut Conn,
    org: OrgId,
    rep: UserId,
    states: &[&str],
    before_ms: i64,
    most: i64,
) -> StoreResult<Vec<VisitRecord>> {
    Ok(per_backend!(conn, c => assignments::table
        .inner_join(visits::table.on(visits::org_id.eq(assignments::org_id).and(visits::id.eq(assignments::visit_id))))
        .filter(assignments::org_id.eq(Txt(org))
            .and(assignments::rep_id.eq(Txt(rep)))
            .and(assignments::until_ms.is_null())
            .and(visits::planned_start_ms.is_null().or(visits::planned_start_ms.lt(before_ms))))
        .filter(one_of(visits::state, states))
        // An expression instead of the column keeps the engine from walking the primary key.
        .order(visits::id.concat(""))
        .limit(most)
        .select(VisitRecord::as_select())
        .load(c))?)
}
