//! How many bytes an organisation has here, counted as they come.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;
use sync_core::ids::OrgId;

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::prepared::StaysPrepared as _;
use crate::schema::{blobs, org_storage, uploads};
use crate::text::Txt;

/// Counts the bytes of a blob that was added.
///
/// # Concurrency
/// Holds the row of the organisation to the end of the transaction: to be called last, so that whoever has it waits for
/// nobody.
///
/// # Errors
/// Database errors only.
pub fn add_stored_bytes(conn: &mut Conn, org: OrgId, bytes: i64) -> StoreResult<()> {
    let _counted: i64 = per_backend!(conn, c => diesel::insert_into(org_storage::table)
        .values((org_storage::org_id.eq(Txt(org)), org_storage::bytes.eq(bytes)))
        .on_conflict(org_storage::org_id)
        .do_update()
        .set(org_storage::bytes.eq(org_storage::bytes + excluded(org_storage::bytes)))
        .returning(org_storage::bytes)
        .stays_prepared()
        .get_result(c))?;
    Ok(())
}

/// Bytes of the blobs of an organisation, as they were counted.
///
/// # Errors
/// Database errors only.
pub fn find_stored_bytes(conn: &mut Conn, org: OrgId) -> StoreResult<i64> {
    let found: Option<i64> =
        per_backend!(conn, c => org_storage::table.find(Txt(org)).select(org_storage::bytes).first(c).optional())?;
    Ok(found.unwrap_or_default())
}

/// Bytes of the blobs of an organisation, as they were counted and as their rows say; walks through all of them.
///
/// # Errors
/// Database errors only.
pub fn compare_stored_bytes(conn: &mut Conn, org: OrgId) -> StoreResult<(i64, i64)> {
    Ok((find_stored_bytes(conn, org)?, sum_stored_bytes(conn, org)?))
}

fn sum_stored_bytes(conn: &mut Conn, org: OrgId) -> StoreResult<i64> {
    Ok(per_backend!(conn, c => blobs::table
        .filter(blobs::org_id.eq(Txt(org)))
        .select(sql::<BigInt>("CAST(COALESCE(SUM(bytes), 0) AS BIGINT)"))
        .get_result(c))?)
}

/// Counts the blobs of an organisation anew.
///
/// # Errors
/// Database errors only.
pub fn recount_stored_bytes(conn: &mut Conn, org: OrgId) -> StoreResult<()> {
    // The row first: who adds a blob meanwhile waits for it, and is seen by the next statement or counts itself.
    add_stored_bytes(conn, org, 0)?;
    let bytes = sum_stored_bytes(conn, org)?;
    per_backend!(conn, c => diesel::update(org_storage::table.find(Txt(org)))
        .set(org_storage::bytes.eq(bytes))
        .execute(c))?;
    Ok(())
}

/// Bytes that uploads of an organisation will bring which were heard of since; one whose size is not known counts as `most`
/// bytes.
///
/// # Errors
/// Database errors only.
pub fn sum_coming_bytes(conn: &mut Conn, org: OrgId, since_ms: i64, most: i64) -> StoreResult<i64> {
    Ok(per_backend!(conn, c => uploads::table
        .filter(uploads::org_id.eq(Txt(org))
            .and(uploads::state.eq("open"))
            .and(uploads::touched_at_ms.gt(since_ms)))
        .select(sql::<BigInt>(&coming_bytes(most)))
        .stays_prepared()
        .get_result(c))?)
}

/// What the uploads of a selection will bring together, each of which will bring `most` bytes at most.
pub(crate) fn coming_bytes(most: i64) -> String {
    format!("CAST(COALESCE(SUM(COALESCE(length_bytes, {most})), 0) AS BIGINT)")
}
