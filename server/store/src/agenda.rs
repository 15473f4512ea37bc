//! What a rep has to do: planned starts and the visits of a day.

use diesel::prelude::*;
use sync_core::ids::{OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::feed::FeedKind;
use crate::one_of::one_of;
use crate::schema::{assignments, feed, visits};
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

/// Visits an audience holds whose planned start lies in `[from_ms, to_ms)`, by start.
///
/// # Errors
/// Database errors only.
pub fn list_held_between(
    conn: &mut Conn,
    org: OrgId,
    audience: &str,
    from_ms: i64,
    to_ms: i64,
) -> StoreResult<Vec<VisitRecord>> {
    let held: Vec<String> = per_backend!(conn, c => feed::table
        .filter(feed::org_id.eq(Txt(org))
            .and(feed::audience.eq(audience))
            .and(feed::kind.eq(Txt(FeedKind::Visit)))
            .and(feed::op.eq("put")))
        .select(feed::item)
        .load(c))?;
    let mut found: Vec<VisitRecord> = per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org))
            .and(one_of(visits::id, held))
            .and(visits::planned_start_ms.ge(from_ms))
            .and(visits::planned_start_ms.lt(to_ms)))
        .select(VisitRecord::as_select())
        .load(c))?;
    found.sort_by_key(|row| (row.planned_start_ms, row.id));
    Ok(found)
}
