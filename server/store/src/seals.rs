//! Batch seals: what a device signed for a request, and what of it the server held then.

use diesel::prelude::*;
use sync_core::ids::{DeviceId, OrgId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::{batch_seal_parts, batch_seals};
use crate::text::Txt;

/// The list a batch seal covers, with the seal; nothing changes it once stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = batch_seals)]
pub struct BatchSealRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Who sealed it.
    pub device_id: Txt<DeviceId>,
    /// SHA-256 of the list.
    pub digest: String,
    /// The list.
    pub list: String,
    /// The seal.
    pub seal: String,
    /// When it first came.
    pub received_at_ms: i64,
    /// What of the list was durable with this row, as JSON; absent where no version said it.
    pub held: Option<String>,
}

/// What of a sealed list became durable after the row of its seal; nothing changes it once stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = batch_seal_parts)]
pub struct BatchSealPartRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Who sealed the list.
    pub device_id: Txt<DeviceId>,
    /// SHA-256 of the list.
    pub digest: String,
    /// Its number, from 1.
    pub part: i64,
    /// What of the list was durable with this row and not named before, as JSON.
    pub held: String,
    /// When it came.
    pub received_at_ms: i64,
}

/// Stores a batch seal; false where the list is there already, which changes nothing.
///
/// # Errors
/// Database errors only.
pub fn insert_batch_seal(conn: &mut Conn, row: &BatchSealRow) -> StoreResult<bool> {
    let inserted = per_backend!(conn, c => diesel::insert_into(batch_seals::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

/// What was durable of a list with its seal, where a version said it, and with each part that came later.
///
/// # Errors
/// Database errors only.
pub fn list_held(conn: &mut Conn, org: OrgId, device: DeviceId, digest: &str) -> StoreResult<Vec<Option<String>>> {
    let first: Option<Option<String>> = per_backend!(conn, c => batch_seals::table
        .find((Txt(org), Txt(device), digest))
        .select(batch_seals::held)
        .first(c)
        .optional())?;
    let later: Vec<String> = per_backend!(conn, c => batch_seal_parts::table
        .filter(batch_seal_parts::org_id.eq(Txt(org)).and(batch_seal_parts::device_id.eq(Txt(device))))
        .filter(batch_seal_parts::digest.eq(digest))
        .order(batch_seal_parts::part)
        .select(batch_seal_parts::held)
        .load(c))?;
    Ok(first.into_iter().chain(later.into_iter().map(Some)).collect())
}

/// Stores a later part of a sealed list; false where another transaction was faster.
///
/// # Errors
/// Database errors only.
pub fn insert_seal_part(conn: &mut Conn, row: &BatchSealPartRow) -> StoreResult<bool> {
    let inserted = per_backend!(conn, c => diesel::insert_into(batch_seal_parts::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}
