//! Visits whose photos are to be looked at.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use sync_core::ids::{OrgId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::prepared::StaysPrepared as _;
use crate::schema::photo_checks;
use crate::text::Txt;

/// A visit whose photos are to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = photo_checks)]
pub struct PhotoCheckRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Grows with everything that comes before it was looked at.
    pub revision: i64,
    /// Since when.
    pub due_at_ms: i64,
}

/// The earlier of two places: what is looked at again when there is time is looked at now if something new comes for it.
fn earlier() -> SqlLiteral<BigInt> {
    sql("CASE WHEN excluded.due_at_ms < photo_checks.due_at_ms THEN excluded.due_at_ms ELSE photo_checks.due_at_ms END")
}

/// Has the photos of visits looked at, after this transaction; one that waits already keeps its place, unless it was to be
/// looked at later.
///
/// # Errors
/// Database errors only.
pub fn enqueue(
    conn: &mut Conn,
    org: OrgId,
    visits: impl IntoIterator<Item = VisitId>,
    due_at_ms: i64,
) -> StoreResult<()> {
    for visit in visits {
        let row = PhotoCheckRow { org_id: Txt(org), visit_id: Txt(visit), revision: 1, due_at_ms };
        per_backend!(conn, c => diesel::insert_into(photo_checks::table)
            .values(&row)
            .on_conflict((photo_checks::org_id, photo_checks::visit_id))
            .do_update()
            .set((photo_checks::revision.eq(photo_checks::revision + 1i64), photo_checks::due_at_ms.eq(earlier())))
            .execute(c))?;
    }
    Ok(())
}

/// The first organisation behind one that has visits whose photos are to be looked at.
///
/// # Errors
/// Database errors only.
pub fn find_due_org(conn: &mut Conn, after: Option<OrgId>) -> StoreResult<Option<OrgId>> {
    let after = after.map(|org| org.to_string()).unwrap_or_default();
    let found: Option<Txt<OrgId>> = per_backend!(conn, c => photo_checks::table
        .filter(sql::<Bool>("org_id > ").bind::<Text, _>(&after))
        .order(photo_checks::org_id)
        .select(photo_checks::org_id)
        .limit(1)
        .stays_prepared()
        .get_result(c)
        .optional())?;
    Ok(found.map(|org| org.0))
}

/// Visits of an organisation whose photos are to be looked at, those that wait longest first, behind one of them.
///
/// # Errors
/// Database errors only.
pub fn list_due(
    conn: &mut Conn,
    org: OrgId,
    after: Option<&PhotoCheckRow>,
    limit: i64,
) -> StoreResult<Vec<PhotoCheckRow>> {
    let place = |row: &PhotoCheckRow| (row.due_at_ms, row.visit_id.to_string());
    let (due, visit) = after.map_or((i64::MIN, String::new()), place);
    Ok(per_backend!(conn, c => photo_checks::table
        .filter(photo_checks::org_id.eq(Txt(org)))
        .filter(sql::<Bool>("(due_at_ms, visit_id) > (")
            .bind::<BigInt, _>(due).sql(", ").bind::<Text, _>(&visit).sql(")"))
        .order((photo_checks::due_at_ms, photo_checks::visit_id))
        .limit(limit)
        .select(PhotoCheckRow::as_select())
        .stays_prepared().load(c))?)
}

/// Takes a visit off the list; false if more came since it was read, and then it stays.
///
/// # Errors
/// Database errors only.
pub fn settle(conn: &mut Conn, row: &PhotoCheckRow) -> StoreResult<bool> {
    let settled = per_backend!(conn, c => diesel::delete(photo_checks::table
        .find((row.org_id, row.visit_id))
        .filter(photo_checks::revision.eq(row.revision)))
        .execute(c))?;
    Ok(settled == 1)
}

/// Whether the photos of a visit wait to be looked at.
///
/// # Errors
/// Database errors only.
pub fn is_due(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<bool> {
    let found: Option<i64> = per_backend!(conn, c => photo_checks::table
        .find((Txt(org), Txt(visit)))
        .select(photo_checks::revision)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}
