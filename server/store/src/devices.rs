//! Enrolled phones, enrolment codes, nonces.

use diesel::prelude::*;
use sync_core::ids::{DeviceId, OrderId, OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::hints::Topic;
use crate::one_of::one_of;
use crate::schema::{devices, doc_actors, enrolment_codes, nonces};
use crate::text::Txt;

/// An enrolled install of a phone.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = devices)]
pub struct DeviceRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id.
    pub id: Txt<DeviceId>,
    /// Whose it is.
    pub user_id: Txt<UserId>,
    /// Name the rep gave it.
    pub name: String,
    /// Thumbprint of its key.
    pub kid: String,
    /// SEC 1 encoding of its P-256 key, 65 bytes.
    pub public_key: Vec<u8>,
    /// `active`, `signed_out`, `suspended` or `revoked`.
    pub state: String,
    /// When it was enrolled.
    pub enrolled_at_ms: i64,
    /// When it was revoked.
    pub revoked_at_ms: Option<i64>,
    /// Last contact.
    pub last_seen_at_ms: Option<i64>,
    /// Items it reported as unsent.
    pub unsent: i64,
    /// Age of the oldest unsent item.
    pub oldest_unsent_at_ms: Option<i64>,
    /// Free space it reported.
    pub free_bytes: Option<i64>,
    /// Its clock minus ours, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// The order it has not answered yet.
    pub order_id: Option<Txt<OrderId>>,
    /// Visits of which it reported something unsent: JSON array of ids; absent where it did not say.
    pub unsent_visits: Option<String>,
    /// Since when receipts wait for it, for work that somebody else brought; absent where none do.
    pub receipts_kept_at_ms: Option<i64>,
}

/// A sign of life of a phone, with what it reported about itself, if it did.
#[derive(Debug, Clone)]
pub struct DeviceHeartbeat {
    /// Last contact.
    pub last_seen_at_ms: i64,
    /// How it is doing; where it does not say, what it said last stays.
    pub reported: Option<ReportedState>,
}

/// What a phone reports about itself in a sync round: it takes the place of all it reported before.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = devices, treat_none_as_null = true)]
pub struct ReportedState {
    /// Items not yet sent.
    pub unsent: i64,
    /// When the oldest of them was made.
    pub oldest_unsent_at_ms: Option<i64>,
    /// Free space.
    pub free_bytes: Option<i64>,
    /// Its clock minus ours.
    pub clock_skew_ms: Option<i64>,
    /// Visits of which something is unsent, as JSON.
    pub unsent_visits: Option<String>,
}

/// Adds a device.
///
/// # Errors
/// Conflict if id or key are known.
pub fn insert_device(conn: &mut Conn, row: &DeviceRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(devices::table).values(row).execute(c))?;
    Ok(())
}

/// The device of this id.
///
/// # Errors
/// Database errors only.
pub fn find_device(conn: &mut Conn, org: OrgId, id: DeviceId) -> StoreResult<Option<DeviceRow>> {
    Ok(per_backend!(conn, c => devices::table
        .find((Txt(org), Txt(id)))
        .select(DeviceRow::as_select())
        .first(c)
        .optional())?)
}

/// The device with the key of this thumbprint.
///
/// # Errors
/// Database errors only.
pub fn find_device_of_key(conn: &mut Conn, org: OrgId, kid: &str) -> StoreResult<Option<DeviceRow>> {
    Ok(per_backend!(conn, c => devices::table
        .filter(devices::org_id.eq(Txt(org)).and(devices::kid.eq(kid)))
        .select(DeviceRow::as_select())
        .first(c)
        .optional())?)
}

/// Devices in id order after `after`, of the given people or of all.
///
/// # Errors
/// Database errors only.
pub fn list_devices(
    conn: &mut Conn,
    org: OrgId,
    holders: Option<&[UserId]>,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<DeviceRow>> {
    Ok(per_backend!(conn, c => {
        let mut query = devices::table
            .filter(devices::org_id.eq(Txt(org)).and(devices::id.gt(after)))
            .order(devices::id)
            .limit(limit)
            .select(DeviceRow::as_select())
            .into_boxed();
        if let Some(holders) = holders {
            query = query.filter(one_of(devices::user_id, holders));
        }
        query.load(c)
    })?)
}

/// Whether a person has another device than this one that was not revoked.
///
/// # Errors
/// Database errors only.
pub fn has_other_device(conn: &mut Conn, org: OrgId, user: UserId, than: DeviceId) -> StoreResult<bool> {
    let found: Option<Txt<DeviceId>> = per_backend!(conn, c => devices::table
        .filter(devices::org_id.eq(Txt(org)).and(devices::user_id.eq(Txt(user))))
        .filter(devices::id.ne(Txt(than)).and(devices::state.ne("revoked")))
        .select(devices::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Ends the sign-in of a device; a revoked one stays revoked.
///
/// # Errors
/// Database errors only.
pub fn sign_out_device(conn: &mut Conn, org: OrgId, id: DeviceId) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(devices::table.filter(
        devices::org_id.eq(Txt(org)).and(devices::id.eq(Txt(id))).and(devices::state.ne("revoked")),
    )).set(devices::state.eq("signed_out")).execute(c))?;
    conn.tell(Topic::device(org, id));
    Ok(())
}

/// Revokes a device; the time of the first revocation stays.
///
/// # Errors
/// Database errors only.
pub fn revoke_device(conn: &mut Conn, org: OrgId, id: DeviceId, now_ms: i64) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(devices::table.filter(
        devices::org_id.eq(Txt(org)).and(devices::id.eq(Txt(id))).and(devices::state.ne("revoked")),
    )).set((devices::state.eq("revoked"), devices::revoked_at_ms.eq(now_ms))).execute(c))?;
    conn.tell(Topic::device(org, id));
    Ok(())
}

/// Sets the state of a device that is in one of these states; false if it is in another.
///
/// # Errors
/// Database errors only.
pub fn change_state(conn: &mut Conn, org: OrgId, id: DeviceId, from: &[&str], to: &str) -> StoreResult<bool> {
    let changed = per_backend!(conn, c => diesel::update(devices::table.filter(
        devices::org_id.eq(Txt(org)).and(devices::id.eq(Txt(id))).and(devices::state.eq_any(from)),
    )).set(devices::state.eq(to)).execute(c))?;
    conn.tell(Topic::device(org, id));
    Ok(changed == 1)
}

/// Names the order a device has not answered yet, or none.
///
/// # Errors
/// Stale if there is no such device.
pub fn set_order(conn: &mut Conn, org: OrgId, id: DeviceId, order: Option<OrderId>) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(devices::table.find((Txt(org), Txt(id))))
        .set(devices::order_id.eq(order.map(Txt)))
        .execute(c))?)
}

/// The visits that a device wrote to.
///
/// # Errors
/// Database errors only.
pub fn list_visits_written(conn: &mut Conn, org: OrgId, id: DeviceId, limit: i64) -> StoreResult<Vec<VisitId>> {
    let visits: Vec<Txt<VisitId>> = per_backend!(conn, c => doc_actors::table
        .filter(doc_actors::org_id.eq(Txt(org)).and(doc_actors::device_id.eq(Txt(id))))
        .select(doc_actors::visit_id)
        .distinct()
        .order(doc_actors::visit_id.desc())
        .limit(limit)
        .load(c))?;
    Ok(visits.into_iter().map(|Txt(visit)| visit).collect())
}

/// Stores what a phone reported.
///
/// # Errors
/// Stale if there is no such device.
pub fn update_heartbeat(conn: &mut Conn, org: OrgId, id: DeviceId, beat: &DeviceHeartbeat) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(devices::table.find((Txt(org), Txt(id))))
        .set((devices::last_seen_at_ms.eq(beat.last_seen_at_ms), beat.reported.as_ref()))
        .execute(c))?)
}

/// A one-time code for enrolling a device.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = enrolment_codes)]
pub struct EnrolmentCodeRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// For whom.
    pub user_id: Txt<UserId>,
    /// Hash of the code.
    pub code_hash: String,
    /// Wrong tries left.
    pub tries_left: i64,
    /// When it ends.
    pub expires_at_ms: i64,
    /// When it was used.
    pub used_at_ms: Option<i64>,
    /// Who gave it.
    pub created_by: Txt<UserId>,
}

/// Adds a code; earlier unused codes of the person end.
///
/// # Errors
/// Database errors only.
pub fn replace_enrolment_code(conn: &mut Conn, row: &EnrolmentCodeRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::delete(enrolment_codes::table.filter(
        enrolment_codes::org_id.eq(row.org_id)
            .and(enrolment_codes::user_id.eq(row.user_id))
            .and(enrolment_codes::used_at_ms.is_null()),
    )).execute(c))?;
    per_backend!(conn, c => diesel::insert_into(enrolment_codes::table).values(row).execute(c))?;
    Ok(())
}

/// Holds the unused code of a person for this transaction, so that tries at once come one after the other.
///
/// # Concurrency
/// A write that changes nothing locks the row on PostgreSQL; SQLite has one writer anyway.
///
/// # Errors
/// Database errors only.
pub fn lock_enrolment_code(conn: &mut Conn, org: OrgId, user: UserId) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(enrolment_codes::table.filter(
        enrolment_codes::org_id.eq(Txt(org))
            .and(enrolment_codes::user_id.eq(Txt(user)))
            .and(enrolment_codes::used_at_ms.is_null()),
    )).set(enrolment_codes::tries_left.eq(enrolment_codes::tries_left)).execute(c))?;
    Ok(())
}

/// The unused code of a person.
///
/// # Errors
/// Database errors only.
pub fn find_enrolment_code(conn: &mut Conn, org: OrgId, user: UserId) -> StoreResult<Option<EnrolmentCodeRow>> {
    Ok(per_backend!(conn, c => enrolment_codes::table
        .filter(enrolment_codes::org_id.eq(Txt(org))
            .and(enrolment_codes::user_id.eq(Txt(user)))
            .and(enrolment_codes::used_at_ms.is_null()))
        .select(EnrolmentCodeRow::as_select())
        .first(c)
        .optional())?)
}

/// The code of a person with this hash, used or not.
///
/// # Errors
/// Database errors only.
pub fn find_enrolment_code_of_hash(
    conn: &mut Conn,
    org: OrgId,
    user: UserId,
    hash: &str,
) -> StoreResult<Option<EnrolmentCodeRow>> {
    Ok(per_backend!(conn, c => enrolment_codes::table
        .find((Txt(org), Txt(user), hash))
        .select(EnrolmentCodeRow::as_select())
        .first(c)
        .optional())?)
}

/// Counts a wrong try, or marks the code used.
///
/// # Errors
/// Stale if there is no such code.
pub fn update_enrolment_code(
    conn: &mut Conn,
    row: &EnrolmentCodeRow,
    tries_left: i64,
    used_at_ms: Option<i64>,
) -> StoreResult<()> {
    expect_one(
        per_backend!(conn, c => diesel::update(enrolment_codes::table.find((row.org_id, row.user_id, &row.code_hash)))
        .set((enrolment_codes::tries_left.eq(tries_left), enrolment_codes::used_at_ms.eq(used_at_ms)))
        .execute(c))?,
    )
}

/// Adds a nonce and forgets the expired ones.
///
/// # Errors
/// Database errors only.
pub fn insert_nonce(conn: &mut Conn, org: OrgId, nonce: &str, expires_at_ms: i64, now_ms: i64) -> StoreResult<()> {
    per_backend!(conn, c => diesel::delete(nonces::table
        .filter(nonces::org_id.eq(Txt(org)).and(nonces::expires_at_ms.le(now_ms))))
        .execute(c))?;
    per_backend!(conn, c => diesel::insert_into(nonces::table)
        .values((nonces::org_id.eq(Txt(org)), nonces::nonce.eq(nonce), nonces::expires_at_ms.eq(expires_at_ms)))
        .execute(c))?;
    Ok(())
}

/// Uses up a nonce; false if it was unknown, used or expired.
///
/// # Errors
/// Database errors only.
pub fn take_nonce(conn: &mut Conn, org: OrgId, nonce: &str, now_ms: i64) -> StoreResult<bool> {
    let taken = per_backend!(conn, c => diesel::delete(nonces::table.filter(
        nonces::org_id.eq(Txt(org)).and(nonces::nonce.eq(nonce)).and(nonces::expires_at_ms.gt(now_ms)),
    )).execute(c))?;
    Ok(taken == 1)
}
