//! The archive: what is kept of visits and until when, and what must be kept longer.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sync_core::bytes::Hash;
use sync_core::ids::{ArchiveItemId, LegalHoldId, OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::{archive_items, legal_hold_ends, legal_holds};
use crate::text::Txt;

/// A version of something that is kept of a visit; append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = archive_items, treat_none_as_default_value = false)]
pub struct ArchiveItemRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7.
    pub id: Txt<ArchiveItemId>,
    /// What it is.
    pub kind: String,
    /// Its own name: visit, digest of a form, call or blob.
    pub subject: String,
    /// 1 and up, per visit, kind and subject.
    pub version: i64,
    /// The visit that it is of.
    pub visit_id: Txt<VisitId>,
    /// By which digest it is known; absent where another system keeps the bytes.
    pub sha256: Option<Txt<Hash>>,
    /// When what it tells of was over.
    pub ended_at_ms: i64,
    /// When it was archived.
    pub stored_at_ms: i64,
    /// Until when it is kept at least.
    pub keep_until_ms: i64,
    /// The policy that says so.
    pub policy_version: i64,
}

/// Why what is kept of a visit must be kept however old it is; append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = legal_holds)]
pub struct LegalHoldRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7.
    pub id: Txt<LegalHoldId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Why.
    pub reason: String,
    /// By whom.
    pub placed_by: Txt<UserId>,
    /// Since when.
    pub placed_at_ms: i64,
}

/// That a legal hold is over; append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = legal_hold_ends)]
pub struct LegalHoldEndRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The hold.
    pub hold_id: Txt<LegalHoldId>,
    /// Why.
    pub reason: String,
    /// By whom.
    pub lifted_by: Txt<UserId>,
    /// When.
    pub lifted_at_ms: i64,
}

/// Adds versions of items.
///
/// # Errors
/// Conflict if one of them is there.
pub fn insert_items(conn: &mut Conn, rows: &[ArchiveItemRow]) -> StoreResult<()> {
    insert_rows!(conn, archive_items::table, rows)?;
    Ok(())
}

/// Everything that is kept of a visit, every version, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_of_visit(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<ArchiveItemRow>> {
    Ok(per_backend!(conn, c => archive_items::table
        .filter(archive_items::org_id.eq(Txt(org)).and(archive_items::visit_id.eq(Txt(visit))))
        .order(archive_items::id)
        .select(ArchiveItemRow::as_select())
        .load(c))?)
}

/// How items stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Kept for its time.
    Archived,
    /// Kept however old, for a legal hold.
    Held,
    /// Its time is over, and nothing holds it.
    Expired,
}

/// Which items; what is absent does not filter.
#[derive(Debug, Clone, Default)]
pub struct ArchiveFilter {
    /// What they are.
    pub kind: Option<String>,
    /// Of which visit.
    pub visit: Option<VisitId>,
    /// How they stand at an instant.
    pub standing: Option<(Standing, i64)>,
    /// Over at this instant or after it.
    pub ended_from_ms: Option<i64>,
    /// Over before this instant.
    pub ended_until_ms: Option<i64>,
}

/// Whether a legal hold is in force for the visit of an item.
const IS_HELD: &str = "EXISTS (SELECT 1 FROM legal_holds h WHERE h.org_id = archive_items.org_id \
    AND h.visit_id = archive_items.visit_id AND NOT EXISTS (SELECT 1 FROM legal_hold_ends e \
    WHERE e.org_id = h.org_id AND e.hold_id = h.id))";

/// Whether there is no later version of an item.
const IS_NEWEST: &str = "NOT EXISTS (SELECT 1 FROM archive_items n WHERE n.org_id = archive_items.org_id \
    AND n.visit_id = archive_items.visit_id AND n.kind = archive_items.kind AND n.subject = archive_items.subject AND n.version > archive_items.version)";

/// The newest version of each item, in the order in which they were archived, after `after`, with whether it is held.
///
/// # Errors
/// Database errors only.
pub fn list_items(
    conn: &mut Conn,
    org: OrgId,
    filter: &ArchiveFilter,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<(ArchiveItemRow, bool)>> {
    Ok(per_backend!(conn, c => {
        let mut query = archive_items::table
            .filter(archive_items::org_id.eq(Txt(org)).and(archive_items::id.gt(after)))
            .filter(sql::<Bool>(IS_NEWEST))
            .order(archive_items::id)
            .limit(limit)
            .select((ArchiveItemRow::as_select(), sql::<Bool>(IS_HELD)))
            .into_boxed();
        if let Some(kind) = &filter.kind {
            query = query.filter(archive_items::kind.eq(kind));
        }
        if let Some(visit) = filter.visit {
            query = query.filter(archive_items::visit_id.eq(Txt(visit)));
        }
        if let Some(from) = filter.ended_from_ms {
            query = query.filter(archive_items::ended_at_ms.ge(from));
        }
        if let Some(until) = filter.ended_until_ms {
            query = query.filter(archive_items::ended_at_ms.lt(until));
        }
        query = match filter.standing {
            None => query,
            Some((Standing::Held, _)) => query.filter(sql::<Bool>(IS_HELD)),
            Some((Standing::Archived, now)) => query
                .filter(archive_items::keep_until_ms.gt(now))
                .filter(diesel::dsl::not(sql::<Bool>(IS_HELD))),
            Some((Standing::Expired, now)) => query
                .filter(archive_items::keep_until_ms.le(now))
                .filter(diesel::dsl::not(sql::<Bool>(IS_HELD))),
        };
        query.load(c)
    })?)
}

/// Adds a legal hold.
///
/// # Errors
/// Conflict if the id is taken.
pub fn insert_hold(conn: &mut Conn, row: &LegalHoldRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(legal_holds::table).values(row).execute(c))?;
    Ok(())
}

/// Ends a legal hold.
///
/// # Errors
/// Conflict if it has ended.
pub fn insert_hold_end(conn: &mut Conn, row: &LegalHoldEndRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(legal_hold_ends::table).values(row).execute(c))?;
    Ok(())
}

/// A legal hold with its end.
pub type LegalHold = (LegalHoldRow, Option<LegalHoldEndRow>);

/// The legal holds of a visit, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_holds(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<LegalHold>> {
    let rows: Vec<LegalHoldRow> = per_backend!(conn, c => legal_holds::table
        .filter(legal_holds::org_id.eq(Txt(org)).and(legal_holds::visit_id.eq(Txt(visit))))
        .order(legal_holds::id)
        .select(LegalHoldRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| with_end(conn, row)).collect()
}

/// The legal hold of this id.
///
/// # Errors
/// Database errors only.
pub fn find_hold(conn: &mut Conn, org: OrgId, id: LegalHoldId) -> StoreResult<Option<LegalHold>> {
    let row: Option<LegalHoldRow> = per_backend!(conn, c => legal_holds::table
        .find((Txt(org), Txt(id)))
        .select(LegalHoldRow::as_select())
        .first(c)
        .optional())?;
    row.map(|row| with_end(conn, row)).transpose()
}

fn with_end(conn: &mut Conn, row: LegalHoldRow) -> StoreResult<LegalHold> {
    let end: Option<LegalHoldEndRow> = per_backend!(conn, c => legal_hold_ends::table
        .find((row.org_id, row.id))
        .select(LegalHoldEndRow::as_select())
        .first(c)
        .optional())?;
    Ok((row, end))
}
