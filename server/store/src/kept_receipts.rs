//! Held receipts that wait for their device: somebody else brought its work.

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{devices, kept_receipts};
use crate::text::Txt;

/// A receipt that waits.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = kept_receipts)]
pub struct KeptReceiptRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// For whom.
    pub device_id: Txt<DeviceId>,
    /// What it is for: a batch, or some of the blobs of a bundle. The same work again takes its place.
    pub part: String,
    /// SHA-256 of its text.
    pub sha256: Txt<Hash>,
    /// The receipt.
    pub jws: String,
    /// When it was made.
    pub made_at_ms: i64,
}

/// Keeps a receipt until its device has it.
///
/// # Concurrency
/// Holds the device's row until the commit, from the start: what says there that receipts wait stays true.
///
/// # Errors
/// Database errors only.
pub fn keep_receipt(conn: &mut Conn, row: &KeptReceiptRow) -> StoreResult<()> {
    note(conn, row.org_id.0, row.device_id.0, Some(row.made_at_ms))?;
    per_backend!(conn, c => diesel::insert_into(kept_receipts::table)
        .values(row)
        .on_conflict((kept_receipts::org_id, kept_receipts::device_id, kept_receipts::part))
        .do_update()
        .set(row)
        .execute(c))?;
    Ok(())
}

/// Receipts that wait for a device, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_kept_receipts(
    conn: &mut Conn,
    org: OrgId,
    device: DeviceId,
    most: i64,
) -> StoreResult<Vec<KeptReceiptRow>> {
    Ok(per_backend!(conn, c => kept_receipts::table
        .filter(kept_receipts::org_id.eq(Txt(org)).and(kept_receipts::device_id.eq(Txt(device))))
        .order((kept_receipts::made_at_ms, kept_receipts::part))
        .limit(most)
        .select(KeptReceiptRow::as_select())
        .load(c))?)
}

/// Drops the receipts that a device says it has.
///
/// # Concurrency
/// As [`keep_receipt`]; a write that changes nothing locks the row on PostgreSQL, and SQLite has one writer anyway.
///
/// # Errors
/// Database errors only.
pub fn drop_kept_receipts(conn: &mut Conn, org: OrgId, device: DeviceId, arrived: &[Hash]) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(devices::table.find((Txt(org), Txt(device))))
        .set(devices::receipts_kept_at_ms.eq(devices::receipts_kept_at_ms))
        .execute(c))?;
    let of_device = || kept_receipts::org_id.eq(Txt(org)).and(kept_receipts::device_id.eq(Txt(device)));
    per_backend!(conn, c => diesel::delete(kept_receipts::table
        .filter(of_device().and(one_of(kept_receipts::sha256, arrived))))
        .execute(c))?;
    if list_kept_receipts(conn, org, device, 1)?.is_empty() {
        note(conn, org, device, None)?;
    }
    Ok(())
}

fn note(conn: &mut Conn, org: OrgId, device: DeviceId, at_ms: Option<i64>) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(devices::table.find((Txt(org), Txt(device))))
        .set(devices::receipts_kept_at_ms.eq(at_ms))
        .execute(c))?;
    Ok(())
}
