//! Outages of a whole area.

use diesel::prelude::*;
use sync_core::ids::{GridId, OrgId, OutageId, UserId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::schema::outages;
use crate::text::Txt;

/// An outage; open while `ended_at_ms` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = outages)]
pub struct OutageRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7.
    pub id: Txt<OutageId>,
    /// What is broken, for people.
    pub title: String,
    /// Where.
    pub grid_id: Txt<GridId>,
    /// When it will probably be over.
    pub expected_end_ms: Option<i64>,
    /// Who opened it.
    pub opened_by: Txt<UserId>,
    /// When.
    pub opened_at_ms: i64,
    /// Who ended it.
    pub ended_by: Option<Txt<UserId>>,
    /// When.
    pub ended_at_ms: Option<i64>,
    /// What it was.
    pub cause: Option<String>,
    /// Version of the row.
    pub version: i64,
    /// From when on somebody has to be told that it lasts longer than was said; absent once he was, or it is over.
    pub watch_ms: Option<i64>,
}

/// Adds an outage.
///
/// # Errors
/// Conflict if the id is taken or the grid unknown.
pub fn insert_outage(conn: &mut Conn, row: &OutageRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(outages::table).values(row).execute(c))?;
    Ok(())
}

/// The outage of this id.
///
/// # Errors
/// Database errors only.
pub fn find_outage(conn: &mut Conn, org: OrgId, id: OutageId) -> StoreResult<Option<OutageRow>> {
    Ok(per_backend!(conn, c => outages::table
        .find((Txt(org), Txt(id)))
        .select(OutageRow::as_select())
        .first(c)
        .optional())?)
}

/// The open outages of a grid, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_open(conn: &mut Conn, org: OrgId, grid: GridId) -> StoreResult<Vec<OutageRow>> {
    Ok(per_backend!(conn, c => outages::table
        .filter(outages::org_id.eq(Txt(org)).and(outages::grid_id.eq(Txt(grid))).and(outages::ended_at_ms.is_null()))
        .order(outages::id)
        .select(OutageRow::as_select())
        .load(c))?)
}

/// Outages in id order, after `after`; only open ones, only ended ones, or both.
///
/// # Errors
/// Database errors only.
pub fn list_outages(
    conn: &mut Conn,
    org: OrgId,
    is_open: Option<bool>,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<OutageRow>> {
    Ok(per_backend!(conn, c => {
        let mut query = outages::table
            .filter(outages::org_id.eq(Txt(org)).and(outages::id.gt(after)))
            .order(outages::id)
            .limit(limit)
            .select(OutageRow::as_select())
            .into_boxed();
        query = match is_open {
            Some(true) => query.filter(outages::ended_at_ms.is_null()),
            Some(false) => query.filter(outages::ended_at_ms.is_not_null()),
            None => query,
        };
        query.load(c)
    })?)
}

/// Open outages that last longer than was said and of which somebody has to be told, those that wait longest first.
///
/// # Errors
/// Database errors only.
pub fn list_to_tell(conn: &mut Conn, org: OrgId, now_ms: i64, limit: i64) -> StoreResult<Vec<OutageRow>> {
    Ok(per_backend!(conn, c => outages::table
        .filter(outages::org_id.eq(Txt(org)).and(outages::watch_ms.lt(now_ms)))
        .order((outages::watch_ms, outages::id))
        .limit(limit)
        .select(OutageRow::as_select())
        .load(c))?)
}

/// Notes that somebody was told of an outage; false if it was changed meanwhile.
///
/// # Errors
/// Database errors only.
pub fn mark_told(conn: &mut Conn, outage: &OutageRow) -> StoreResult<bool> {
    let marked = per_backend!(conn, c => diesel::update(outages::table
            .find((outage.org_id, outage.id))
            .filter(outages::watch_ms.eq(outage.watch_ms)))
        .set(outages::watch_ms.eq(None::<i64>))
        .execute(c))?;
    Ok(marked > 0)
}

/// Counts up the version of an outage and writes its end, the expected and the real one, if the stored version is
/// `row.version - 1`.
///
/// # Errors
/// Stale if somebody else was faster.
pub fn update_outage(conn: &mut Conn, row: &OutageRow) -> StoreResult<()> {
    let affected = per_backend!(conn, c => diesel::update(outages::table
            .filter(outages::org_id.eq(row.org_id)
                .and(outages::id.eq(row.id))
                .and(outages::version.eq(row.version - 1))))
        .set((
            outages::expected_end_ms.eq(row.expected_end_ms),
            outages::watch_ms.eq(row.watch_ms),
            outages::ended_by.eq(row.ended_by),
            outages::ended_at_ms.eq(row.ended_at_ms),
            outages::cause.eq(&row.cause),
            outages::version.eq(row.version),
        ))
        .execute(c))?;
    expect_one(affected)
}
