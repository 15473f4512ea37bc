//! What a rep has to do: planned starts and the visits of a day.

use diesel::prelude::*;
use sync_core::ids::{OrgId, UserId, VisitId, WorkOrderId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::feed::FeedKind;
use crate::one_of::one_of;
use crate::schema::{assignments, feed, visits};
use crate::text::Txt;

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
