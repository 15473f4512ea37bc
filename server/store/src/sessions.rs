//! Refresh families: one per sign-in.

use diesel::prelude::*;
use sync_core::ids::{DeviceId, OrgId, UserId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::hints::Topic;
use crate::schema::refresh_families;
use crate::text::Txt;

/// The state of one sign-in (limits-and-threats section 6).
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = refresh_families, treat_none_as_null = true)]
pub struct RefreshFamilyRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The family.
    pub id: Txt<Uuid>,
    /// Whose sign-in.
    pub user_id: Txt<UserId>,
    /// The device it is bound to.
    pub device_id: Option<Txt<DeviceId>>,
    /// Hash of the newest token.
    pub current_hash: String,
    /// Hash of the token before; it works until the newest one is presented.
    pub previous_hash: Option<String>,
    /// When it began.
    pub created_at_ms: i64,
    /// When it was last used.
    pub last_used_at_ms: i64,
    /// When it ended.
    pub revoked_at_ms: Option<i64>,
}

/// Adds a family.
///
/// # Errors
/// Database errors only.
pub fn insert_family(conn: &mut Conn, row: &RefreshFamilyRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(refresh_families::table).values(row).execute(c))?;
    Ok(())
}

/// The family of this id.
///
/// # Errors
/// Database errors only.
pub fn find_family(conn: &mut Conn, org: OrgId, id: Uuid) -> StoreResult<Option<RefreshFamilyRow>> {
    Ok(per_backend!(conn, c => refresh_families::table
        .find((Txt(org), Txt(id)))
        .select(RefreshFamilyRow::as_select())
        .first(c)
        .optional())?)
}

/// Holds a family for this transaction, so that two rotations at once come one after the other.
///
/// # Concurrency
/// A write that changes nothing locks the row on PostgreSQL; SQLite has one writer anyway.
///
/// # Errors
/// Database errors only.
pub fn lock_family(conn: &mut Conn, org: OrgId, id: Uuid) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(refresh_families::table.find((Txt(org), Txt(id))))
        .set(refresh_families::last_used_at_ms.eq(refresh_families::last_used_at_ms))
        .execute(c))?;
    Ok(())
}

/// Replaces a family, provided its current token is still the one that was read.
///
/// # Errors
/// Stale if another rotation came first.
pub fn update_family(conn: &mut Conn, row: &RefreshFamilyRow, read_hash: &str) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(refresh_families::table.filter(
        refresh_families::org_id.eq(row.org_id)
            .and(refresh_families::id.eq(row.id))
            .and(refresh_families::current_hash.eq(read_hash)),
    )).set(row).execute(c))?)?;
    if row.revoked_at_ms.is_some() {
        conn.tell(Topic::session(row.org_id.0, row.id.0));
    }
    Ok(())
}

/// Ends a family; the time of the first ending stays.
///
/// # Errors
/// Database errors only.
pub fn revoke_family(conn: &mut Conn, org: OrgId, id: Uuid, now_ms: i64) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(refresh_families::table.filter(
        refresh_families::org_id.eq(Txt(org))
            .and(refresh_families::id.eq(Txt(id)))
            .and(refresh_families::revoked_at_ms.is_null()),
    )).set(refresh_families::revoked_at_ms.eq(now_ms)).execute(c))?;
    conn.tell(Topic::session(org, id));
    Ok(())
}

/// Ends every family of a device.
///
/// # Errors
/// Database errors only.
pub fn revoke_families_of_device(conn: &mut Conn, org: OrgId, device: DeviceId, now_ms: i64) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(refresh_families::table.filter(
        refresh_families::org_id.eq(Txt(org))
            .and(refresh_families::device_id.eq(Txt(device)))
            .and(refresh_families::revoked_at_ms.is_null()),
    )).set(refresh_families::revoked_at_ms.eq(now_ms)).execute(c))?;
    conn.tell(Topic::device(org, device));
    Ok(())
}
