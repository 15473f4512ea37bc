//! Who has brought the bytes of a blob: whoever did may open what he brought, whoever only knows its hash may not.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, UserId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{blob_bringers, blobs, devices};
use crate::text::Txt;

/// A device that has brought all bytes of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = blob_bringers)]
pub struct BringerRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The blob.
    pub sha256: Txt<Hash>,
    /// The device.
    pub device_id: Txt<DeviceId>,
    /// Whose it was.
    pub user_id: Txt<UserId>,
    /// When it brought them first.
    pub received_at_ms: i64,
}

/// Records that a device has brought a blob; again has no effect.
///
/// # Errors
/// Database errors only.
pub fn add_bringer(conn: &mut Conn, row: &BringerRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(blob_bringers::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// The people who have brought a blob; see [`list_bringers_of`].
///
/// # Errors
/// Database errors only.
pub fn list_bringers(conn: &mut Conn, org: OrgId, sha256: Hash) -> StoreResult<BTreeSet<UserId>> {
    Ok(list_bringers_of(conn, org, &[sha256])?.remove(&sha256).unwrap_or_default())
}

/// The people who have brought each of these blobs. The row of a blob names one of them, also where a server of before
/// took it that ran beside this one and knows no other place for that.
///
/// # Errors
/// Database errors only.
pub fn list_bringers_of(conn: &mut Conn, org: OrgId, named: &[Hash]) -> StoreResult<BTreeMap<Hash, BTreeSet<UserId>>> {
    let users: Vec<(Txt<Hash>, Txt<UserId>)> = per_backend!(conn, c => blob_bringers::table
        .filter(blob_bringers::org_id.eq(Txt(org)).and(one_of(blob_bringers::sha256, named)))
        .select((blob_bringers::sha256, blob_bringers::user_id))
        .load(c))?;
    let senders: Vec<(Txt<Hash>, Txt<UserId>)> = per_backend!(conn, c => blobs::table
        .inner_join(devices::table.on(devices::org_id.eq(blobs::org_id).and(devices::id.eq(blobs::device_id))))
        .filter(blobs::org_id.eq(Txt(org)).and(one_of(blobs::sha256, named)))
        .select((blobs::sha256, devices::user_id))
        .load(c))?;
    let mut bringers = BTreeMap::<Hash, BTreeSet<UserId>>::new();
    for (blob, user) in users.into_iter().chain(senders) {
        bringers.entry(blob.0).or_default().insert(user.0);
    }
    Ok(bringers)
}

/// Whether a device has brought a blob; as for [`list_bringers`], the row of the blob counts.
///
/// # Errors
/// Database errors only.
pub fn has_brought(conn: &mut Conn, org: OrgId, device: DeviceId, sha256: Hash) -> StoreResult<bool> {
    let found: Option<Txt<DeviceId>> = per_backend!(conn, c => blob_bringers::table
        .find((Txt(org), Txt(sha256), Txt(device)))
        .select(blob_bringers::device_id)
        .first(c)
        .optional())?;
    if found.is_some() {
        return Ok(true);
    }
    let sender: Option<Txt<DeviceId>> = per_backend!(conn, c => blobs::table
        .find((Txt(org), Txt(sha256)))
        .select(blobs::device_id)
        .first(c)
        .optional())?;
    Ok(sender.is_some_and(|sender| sender.0 == device))
}
