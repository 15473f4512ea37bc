//! Blobs that nothing names: a phone may send their records later, so none of them is ever removed.
//!
//! What is noted as claimed stays so. Of the others nobody knows before the claims are looked at: that is done for one phone
//! at a time and only where it matters, so that a push has no more to write.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::org_storage::coming_bytes;
use crate::prepared::StaysPrepared as _;
use crate::schema::{blobs, uploads};
use crate::text::Txt;

/// As how much a blob counts at least: each costs a row and a file, and so only so many rows are ever summed up.
///
/// # Units
/// Bytes (512 KiB).
pub const LEAST_COUNTED_BYTES: i64 = 512 << 10;

/// Whether a visit or an intent names the blob of a row of `blobs` or `uploads`.
fn is_named(table: &str) -> String {
    let names = |claims: &str| {
        format!(
            "EXISTS (SELECT 1 FROM {claims} WHERE {claims}.org_id = {table}.org_id AND {claims}.sha256 = {table}.sha256)"
        )
    };
    format!("({} OR {})", names("blob_claims"), names("intent_blobs"))
}

/// Bytes of the blobs that a device brought and that are not noted as claimed, each counted as
/// [`LEAST_COUNTED_BYTES`] at least.
///
/// # Errors
/// Database errors only.
pub fn sum_unclaimed_bytes(conn: &mut Conn, org: OrgId, device: DeviceId) -> StoreResult<i64> {
    let counted = format!(
        "CAST(COALESCE(SUM(CASE WHEN bytes < {LEAST_COUNTED_BYTES} THEN {LEAST_COUNTED_BYTES} ELSE bytes END), 0) AS BIGINT)"
    );
    Ok(per_backend!(conn, c => blobs::table
        .filter(blobs::org_id.eq(Txt(org)).and(blobs::device_id.eq(Txt(device))))
        // The index `blobs_unclaimed` says the same.
        .filter(blobs::claimed_at_ms.is_null())
        .select(sql::<BigInt>(&counted))
        .stays_prepared().get_result(c))?)
}

/// Notes which of the blobs that a device brought have been named since.
///
/// # Errors
/// Database errors only.
pub fn note_claimed(conn: &mut Conn, org: OrgId, device: DeviceId, now_ms: i64) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(blobs::table
        .filter(blobs::org_id.eq(Txt(org)).and(blobs::device_id.eq(Txt(device))))
        .filter(blobs::claimed_at_ms.is_null())
        .filter(sql::<Bool>(&is_named("blobs"))))
        .set(blobs::claimed_at_ms.eq(Some(now_ms)))
        .execute(c))?;
    Ok(())
}

/// Bytes that uploads of a device will bring which were heard of since and whose content nothing names; one whose size is
/// not known counts as `most` bytes.
///
/// # Errors
/// Database errors only.
pub fn sum_coming_unclaimed_bytes(
    conn: &mut Conn,
    org: OrgId,
    device: DeviceId,
    since_ms: i64,
    most: i64,
) -> StoreResult<i64> {
    Ok(per_backend!(conn, c => uploads::table
        .filter(uploads::org_id.eq(Txt(org))
            .and(uploads::device_id.eq(Txt(device)))
            .and(uploads::state.eq("open"))
            .and(uploads::touched_at_ms.gt(since_ms)))
        .filter(sql::<Bool>("NOT ").sql(&is_named("uploads")))
        .select(sql::<BigInt>(&coming_bytes(most)))
        .stays_prepared()
        .get_result(c))?)
}

/// A blob that nothing names.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = blobs)]
pub struct UnclaimedRow {
    /// Who brought it.
    pub device_id: Txt<DeviceId>,
    /// When it became durable.
    pub received_at_ms: i64,
    /// Its name.
    pub sha256: Txt<Hash>,
    /// Size.
    pub bytes: i64,
    /// Media type by content.
    pub media_type: String,
}

/// Blobs of an organisation that were there before an instant and that no visit and no intent names, by device and by when
/// they came, behind one of them; those in quarantine, which the office sees there, are left out.
///
/// # Errors
/// Database errors only.
pub fn list_unclaimed(
    conn: &mut Conn,
    org: OrgId,
    before_ms: i64,
    after: Option<&UnclaimedRow>,
    limit: i64,
) -> StoreResult<Vec<UnclaimedRow>> {
    let place = |row: &UnclaimedRow| (row.device_id.to_string(), row.received_at_ms, row.sha256.to_string());
    let (device, received, sha256) = after.map_or((String::new(), i64::MIN, String::new()), place);
    Ok(per_backend!(conn, c => blobs::table
        .filter(blobs::org_id.eq(Txt(org)).and(blobs::claimed_at_ms.is_null()))
        .filter(sql::<Bool>("(device_id, received_at_ms, sha256) > (")
            .bind::<Text, _>(&device).sql(", ").bind::<BigInt, _>(received).sql(", ").bind::<Text, _>(&sha256).sql(")"))
        .filter(blobs::received_at_ms.lt(before_ms).and(blobs::is_quarantined.eq(false)))
        .filter(sql::<Bool>("NOT ").sql(&is_named("blobs")))
        .order((blobs::device_id, blobs::received_at_ms, blobs::sha256))
        .limit(limit)
        .select(UnclaimedRow::as_select())
        .load(c))?)
}
