//! Uploads that go on where they stopped: what they are to become, and how they ended.
//!
//! How far one has come is known to the storage alone: a row is written for the first bytes that arrive, and for no others.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, UploadId};

use crate::conn::Conn;
use crate::dialect;
use crate::error::StoreResult;
use crate::prepared::StaysPrepared as _;
use crate::schema::uploads;
use crate::text::Txt;

/// An upload.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = uploads, treat_none_as_default_value = false)]
pub struct UploadRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Its name: random, and known to its sender alone.
    pub id: Txt<UploadId>,
    /// Who sends it.
    pub device_id: Txt<DeviceId>,
    /// The photo it belongs to, as its sender names it; empty where he does not.
    pub photo_id: String,
    /// SHA-256 that its sender declares, in hex; empty where he does not.
    pub sha256: String,
    /// Its whole size; absent until the sender knows it.
    pub length_bytes: Option<i64>,
    /// `Upload-Metadata` as sent.
    pub metadata: String,
    /// `open`, `finished`, `terminated` or `expired`.
    pub state: String,
    /// The blob it became.
    pub blob_sha256: Option<Txt<Hash>>,
    /// When it was created.
    pub created_at_ms: i64,
    /// When its sender was last heard, to the day.
    pub touched_at_ms: i64,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
    /// When the first bytes of it were kept, at whichever node; absent while it is empty.
    pub arrived_at_ms: Option<i64>,
}

/// The upload of this id, while it is open.
macro_rules! open {
    ($org:expr, $id:expr) => {
        uploads::table.find((Txt($org), Txt($id))).filter(uploads::state.eq("open"))
    };
}

/// Adds an upload.
///
/// # Errors
/// Conflict if there is one of this id.
pub fn insert_upload(conn: &mut Conn, row: &UploadRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(uploads::table).values(row).execute(c))?;
    Ok(())
}

/// The upload of this id, if it is this device's.
///
/// # Errors
/// Not found if there is none.
pub fn load_upload(conn: &mut Conn, org: OrgId, device: DeviceId, id: UploadId) -> StoreResult<UploadRow> {
    Ok(per_backend!(conn, c => uploads::table
        .find((Txt(org), Txt(id)))
        .filter(uploads::device_id.eq(Txt(device)))
        .select(UploadRow::as_select())
        .first(c))?)
}

/// The newest upload of a device for the same content of the same photo and size, finished or heard of since.
///
/// # Concurrency
/// Waits for transactions that create or store the same content.
///
/// # Errors
/// Database errors only.
pub fn find_same_upload(
    conn: &mut Conn,
    wanted: &UploadRow,
    sha256: Hash,
    since_ms: i64,
) -> StoreResult<Option<UploadRow>> {
    dialect::lock_blobs(conn, wanted.org_id.0, [sha256])?;
    let is_usable =
        uploads::state.eq("finished").or(uploads::state.eq("open").and(uploads::touched_at_ms.gt(since_ms)));
    let found: Vec<UploadRow> = per_backend!(conn, c => uploads::table
        .filter(uploads::org_id.eq(wanted.org_id)
            .and(uploads::device_id.eq(wanted.device_id))
            .and(uploads::sha256.eq(&wanted.sha256))
            .and(uploads::photo_id.eq(&wanted.photo_id)))
        .filter(is_usable)
        .order((uploads::created_at_ms.desc(), uploads::id.desc()))
        .select(UploadRow::as_select())
        .load(c))?;
    // Who does not know the size takes what was said before.
    let is_same = |row: &UploadRow| wanted.length_bytes.is_none() || row.length_bytes == wanted.length_bytes;
    Ok(found.into_iter().find(is_same))
}

/// How many unfinished uploads of a device were heard of since.
///
/// # Errors
/// Database errors only.
pub fn count_open_uploads(conn: &mut Conn, org: OrgId, device: DeviceId, since_ms: i64) -> StoreResult<i64> {
    Ok(per_backend!(conn, c => uploads::table
        .filter(uploads::org_id.eq(Txt(org))
            .and(uploads::device_id.eq(Txt(device)))
            .and(uploads::state.eq("open"))
            .and(uploads::touched_at_ms.gt(since_ms)))
        .count()
        .get_result(c))?)
}

/// Says how large an upload will be, once; false if that is known or the upload has ended.
///
/// # Errors
/// Database errors only.
pub fn set_upload_length(conn: &mut Conn, org: OrgId, id: UploadId, bytes: i64) -> StoreResult<bool> {
    let unknown = open!(org, id).filter(uploads::length_bytes.is_null());
    Ok(per_backend!(conn, c => diesel::update(unknown).set(uploads::length_bytes.eq(bytes)).execute(c))? == 1)
}

/// Notes that the sender of an open upload was heard; false if it has ended.
///
/// # Errors
/// Database errors only.
pub fn touch_upload(conn: &mut Conn, org: OrgId, id: UploadId, now_ms: i64) -> StoreResult<bool> {
    Ok(per_backend!(conn, c => diesel::update(open!(org, id)).set(uploads::touched_at_ms.eq(now_ms)).execute(c))? == 1)
}

/// Notes that something of an open upload is kept; false if it has ended.
///
/// # Errors
/// Database errors only.
pub fn note_arrived(conn: &mut Conn, org: OrgId, id: UploadId, now_ms: i64) -> StoreResult<bool> {
    Ok(per_backend!(conn, c => diesel::update(open!(org, id))
        .set(uploads::arrived_at_ms.eq(now_ms))
        .execute(c))?
        == 1)
}

/// Notes that nothing of an open upload is kept any more, if its row still says the same of its arrival; false if not.
///
/// # Errors
/// Database errors only.
pub fn note_emptied(conn: &mut Conn, seen: &UploadRow) -> StoreResult<bool> {
    let same = open!(seen.org_id.0, seen.id.0).filter(uploads::arrived_at_ms.eq(seen.arrived_at_ms));
    Ok(per_backend!(conn, c => diesel::update(same)
        .set(uploads::arrived_at_ms.eq(None::<i64>))
        .execute(c))?
        == 1)
}

/// Ends an open upload as the blob it became; false if it has ended already.
///
/// # Errors
/// Database errors only.
pub fn finish_upload(conn: &mut Conn, org: OrgId, id: UploadId, blob: Hash, now_ms: i64) -> StoreResult<bool> {
    let finished: Vec<i64> = per_backend!(conn, c => diesel::update(open!(org, id))
        .set((uploads::state.eq("finished"), uploads::blob_sha256.eq(Txt(blob)), uploads::ended_at_ms.eq(now_ms)))
        .returning(uploads::created_at_ms)
        .stays_prepared()
        .load(c))?;
    Ok(finished.len() == 1)
}

/// Ends an open upload at the wish of its sender; false if it has ended already.
///
/// # Errors
/// Database errors only.
pub fn terminate_upload(conn: &mut Conn, org: OrgId, id: UploadId, now_ms: i64) -> StoreResult<bool> {
    Ok(per_backend!(conn, c => diesel::update(open!(org, id))
        .set((uploads::state.eq("terminated"), uploads::ended_at_ms.eq(now_ms)))
        .execute(c))?
        == 1)
}

/// Open uploads of all organisations that were last heard of before, oldest first, behind one of them.
///
/// # Errors
/// Database errors only.
pub fn list_silent_uploads(
    conn: &mut Conn,
    before_ms: i64,
    after: Option<&UploadRow>,
    limit: i64,
) -> StoreResult<Vec<UploadRow>> {
    let place = |row: &UploadRow| (row.touched_at_ms, row.org_id.0.to_string(), row.id.0.to_string());
    let (touched, org, id) = after.map_or((i64::MIN, String::new(), String::new()), place);
    let is_behind = sql::<Bool>("(touched_at_ms, org_id, id) > (")
        .bind::<BigInt, _>(touched)
        .sql(", ")
        .bind::<Text, _>(org)
        .sql(", ")
        .bind::<Text, _>(id)
        .sql(")");
    Ok(per_backend!(conn, c => uploads::table
        .filter(uploads::state.eq("open").and(uploads::touched_at_ms.le(before_ms)))
        .filter(is_behind.clone())
        .order((uploads::touched_at_ms, uploads::org_id, uploads::id))
        .limit(limit)
        .select(UploadRow::as_select())
        .load(c))?)
}

/// Ends an open upload that is silent since before, and about whose arrival the row still says the same.
///
/// # Errors
/// Database errors only.
pub fn expire_upload(conn: &mut Conn, seen: &UploadRow, before_ms: i64, now_ms: i64) -> StoreResult<bool> {
    let silent = open!(seen.org_id.0, seen.id.0)
        .filter(uploads::touched_at_ms.le(before_ms))
        .filter(uploads::arrived_at_ms.is_null().or(uploads::arrived_at_ms.eq(seen.arrived_at_ms)));
    Ok(per_backend!(conn, c => diesel::update(silent)
        .set((uploads::state.eq("expired"), uploads::ended_at_ms.eq(now_ms)))
        .execute(c))?
        == 1)
}

/// Deletes the rows of uploads that ended before; the blobs that they became stay.
///
/// # Errors
/// Database errors only.
pub fn delete_uploads_before(conn: &mut Conn, before_ms: i64) -> StoreResult<usize> {
    // Nobody was heard after the end: this is what the index knows.
    let old = uploads::state
        .eq_any(["finished", "terminated", "expired"])
        .and(uploads::touched_at_ms.le(before_ms))
        .and(uploads::ended_at_ms.le(before_ms));
    Ok(per_backend!(conn, c => diesel::delete(uploads::table.filter(old)).execute(c))?)
}
