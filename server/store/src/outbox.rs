//! Visits that wait for a job: a transaction notes them, and the job takes them one by one.

use diesel::prelude::*;
use sync_core::ids::{OrgId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::{archive_due, visit_news};
use crate::text::Txt;

/// What visits wait for, each with a table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outbox {
    /// Their customers are told what a phone brought.
    News,
    /// What of them is to be kept is archived.
    Archive,
}

/// Runs `$query` with `$table` naming the module of the outbox's table.
macro_rules! per_outbox {
    ($outbox:expr, $table:ident => $query:expr) => {
        match $outbox {
            Outbox::News => {
                use visit_news as $table;
                $query
            }
            Outbox::Archive => {
                use archive_due as $table;
                $query
            }
        }
    };
}

/// Has visits looked at after this transaction; one that waits already waits on.
///
/// # Errors
/// Database errors only.
pub fn note(conn: &mut Conn, outbox: Outbox, org: OrgId, visits: &[VisitId], now_ms: i64) -> StoreResult<()> {
    per_outbox!(outbox, waiting => {
        let row = |visit: &VisitId| {
            (waiting::org_id.eq(Txt(org)), waiting::visit_id.eq(Txt(*visit)), waiting::noted_at_ms.eq(now_ms))
        };
        let rows: Vec<_> = visits.iter().map(row).collect();
        for_rows!(conn, &rows, part => diesel::insert_into(waiting::table)
            .values(part)
            .on_conflict((waiting::org_id, waiting::visit_id))
            .do_nothing())?;
    });
    Ok(())
}

/// Visits that wait, in the order of their ids, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list(conn: &mut Conn, outbox: Outbox, org: OrgId, after: &str, limit: i64) -> StoreResult<Vec<VisitId>> {
    let found: Vec<Txt<VisitId>> = per_outbox!(outbox, waiting => per_backend!(conn, c => waiting::table
        .filter(waiting::org_id.eq(Txt(org)).and(waiting::visit_id.gt(after)))
        .order(waiting::visit_id)
        .limit(limit)
        .select(waiting::visit_id)
        .load(c)))?;
    Ok(found.into_iter().map(|visit| visit.0).collect())
}

/// Takes a visit off the list; false if somebody was faster.
///
/// # Concurrency
/// Under `presence::lock_visit`, as whoever notes it: what comes later is noted anew.
///
/// # Errors
/// Database errors only.
pub fn take(conn: &mut Conn, outbox: Outbox, org: OrgId, visit: VisitId) -> StoreResult<bool> {
    Ok(per_outbox!(outbox, waiting => {
        per_backend!(conn, c => diesel::delete(waiting::table.find((Txt(org), Txt(visit)))).execute(c))
    })? == 1)
}
