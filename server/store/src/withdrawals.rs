//! Versions of norms that were taken back before they took effect.

use diesel::prelude::*;
use sync_core::ids::{OrgId, UserId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::{norm_withdrawals, visits};
use crate::text::Txt;

/// A version that was taken back; it stays published, and acceptable of whoever pinned it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = norm_withdrawals)]
pub struct WithdrawalRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// `template` or `policy`.
    pub kind: String,
    /// Code of the template; empty for the policy.
    pub code: String,
    /// Version.
    pub version: i64,
    /// When.
    pub withdrawn_at_ms: i64,
    /// By whom.
    pub withdrawn_by: Txt<UserId>,
    /// Why.
    pub reason: String,
}

/// Takes a version back.
///
/// # Errors
/// Conflict if it was taken back before.
pub fn insert_withdrawal(conn: &mut Conn, row: &WithdrawalRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(norm_withdrawals::table).values(row).execute(c))?;
    Ok(())
}

/// Every version of one kind that was taken back.
///
/// # Errors
/// Database errors only.
pub fn list_withdrawals(conn: &mut Conn, org: OrgId, kind: &str) -> StoreResult<Vec<WithdrawalRow>> {
    Ok(per_backend!(conn, c => norm_withdrawals::table
        .filter(norm_withdrawals::org_id.eq(Txt(org)).and(norm_withdrawals::kind.eq(kind)))
        .select(WithdrawalRow::as_select())
        .load(c))?)
}

/// Whether the crew of a visit pinned a policy version.
///
/// # Errors
/// Database errors only.
pub fn is_policy_pinned(conn: &mut Conn, org: OrgId, version: i64) -> StoreResult<bool> {
    let found: Option<String> = per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(visits::pinned_policy_version.eq(version)))
        .select(visits::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Whether the crew of a visit pinned a template version, `code/version`.
///
/// # Errors
/// Database errors only.
pub fn is_template_pinned(conn: &mut Conn, org: OrgId, item: &str) -> StoreResult<bool> {
    let found: Option<String> = per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(visits::pinned_template.eq(item)))
        .select(visits::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}
