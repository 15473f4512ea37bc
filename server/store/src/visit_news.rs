//! Visits of which a phone brought something that customers are told.

use diesel::prelude::*;
use sync_core::ids::{OrgId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::visit_news;
use crate::text::Txt;

#[derive(Debug, Insertable)]
#[diesel(table_name = visit_news)]
struct NewsRow {
    org_id: Txt<OrgId>,
    visit_id: Txt<VisitId>,
    noted_at_ms: i64,
}

/// Has the customers of visits told after this transaction; one that waits already waits on.
///
/// # Errors
/// Database errors only.
pub fn note(conn: &mut Conn, org: OrgId, visits: &[VisitId], now_ms: i64) -> StoreResult<()> {
    for visit in visits {
        let row = NewsRow { org_id: Txt(org), visit_id: Txt(*visit), noted_at_ms: now_ms };
        per_backend!(conn, c => diesel::insert_into(visit_news::table)
            .values(&row)
            .on_conflict((visit_news::org_id, visit_news::visit_id))
            .do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Visits that wait, in the order of their ids, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list(conn: &mut Conn, org: OrgId, after: &str, limit: i64) -> StoreResult<Vec<VisitId>> {
    let found: Vec<Txt<VisitId>> = per_backend!(conn, c => visit_news::table
        .filter(visit_news::org_id.eq(Txt(org)).and(visit_news::visit_id.gt(after)))
        .order(visit_news::visit_id)
        .limit(limit)
        .select(visit_news::visit_id)
        .load(c))?;
    Ok(found.into_iter().map(|visit| visit.0).collect())
}

/// Takes a visit off the list; false if somebody was faster.
///
/// # Concurrency
/// Under `presence::lock_visit`, as whoever notes news: what comes later is noted anew.
///
/// # Errors
/// Database errors only.
pub fn take(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<bool> {
    let of_visit = visit_news::table.find((Txt(org), Txt(visit)));
    Ok(per_backend!(conn, c => diesel::delete(of_visit).execute(c))? == 1)
}
