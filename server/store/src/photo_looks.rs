//! Visits whose photos were looked at, and by what.

use diesel::prelude::*;
use sync_core::ids::{OrgId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::photo_looks;
use crate::text::Txt;

/// By what the photos of a visit were looked at last.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = photo_looks, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct LookRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Version of the rules.
    pub rules_version: i64,
    /// Version of the policy that counted.
    pub policy_version: i64,
    /// The policy that the crew pinned, where it was not published here.
    pub awaited_policy: Option<i64>,
    /// When.
    pub looked_at_ms: i64,
}

/// Notes that the photos of a visit were looked at.
///
/// # Errors
/// Database errors only.
pub fn put_look(conn: &mut Conn, row: &LookRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(photo_looks::table)
        .values(row)
        .on_conflict((photo_looks::org_id, photo_looks::visit_id))
        .do_update()
        .set(row)
        .execute(c))?;
    Ok(())
}

/// The visits whose photos were looked at, behind one of them.
///
/// # Errors
/// Database errors only.
pub fn list_looks(conn: &mut Conn, org: OrgId, after: Option<VisitId>, limit: i64) -> StoreResult<Vec<LookRow>> {
    let after = after.map(|visit| visit.to_string()).unwrap_or_default();
    Ok(per_backend!(conn, c => photo_looks::table
        .filter(photo_looks::org_id.eq(Txt(org)).and(photo_looks::visit_id.gt(&after)))
        .order(photo_looks::visit_id)
        .limit(limit)
        .select(LookRow::as_select())
        .load(c))?)
}

/// Visits whose crews pinned a policy that was not published here when their photos were looked at.
///
/// # Errors
/// Database errors only.
pub fn list_awaiting(conn: &mut Conn, org: OrgId, policy: i64) -> StoreResult<Vec<VisitId>> {
    let visits: Vec<Txt<VisitId>> = per_backend!(conn, c => photo_looks::table
        .filter(photo_looks::org_id.eq(Txt(org)).and(photo_looks::awaited_policy.eq(Some(policy))))
        .order(photo_looks::visit_id)
        .select(photo_looks::visit_id)
        .load(c))?;
    Ok(visits.into_iter().map(|visit| visit.0).collect())
}
