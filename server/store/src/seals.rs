//! Batch seals: what a device signed for a request, and what of it the server held then.

use diesel::prelude::*;
use sync_core::ids::{DeviceId, OrgId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::batch_seals;
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

/// Stores a batch seal; a repeated batch changes nothing.
///
/// # Errors
/// Database errors only.
pub fn insert_batch_seal(conn: &mut Conn, row: &BatchSealRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(batch_seals::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}
