//! Captured items other than documents: intents, statements, quarantined bytes.

use std::collections::BTreeMap;

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, IntentId, OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{intents, quarantine, statements};
use crate::text::Txt;

/// An intent of a rep with its result.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = intents, treat_none_as_default_value = false)]
pub struct IntentRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id made by the phone.
    pub id: Txt<IntentId>,
    /// Who sent it.
    pub device_id: Txt<DeviceId>,
    /// For whom.
    pub user_id: Txt<UserId>,
    /// Kind.
    pub kind: String,
    /// Exactly as received.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`.
    pub sha256: Txt<Hash>,
    /// `accepted`, `needs_office` or `declined`.
    pub result: String,
    /// `IntentResultRow` as JSON.
    pub result_body: String,
    /// When it arrived.
    pub received_at_ms: i64,
}

/// The intent of this id.
///
/// # Errors
/// Database errors only.
pub fn find_intent(conn: &mut Conn, org: OrgId, id: IntentId) -> StoreResult<Option<IntentRow>> {
    Ok(per_backend!(conn, c => intents::table
        .find((Txt(org), Txt(id)))
        .select(IntentRow::as_select())
        .first(c)
        .optional())?)
}

/// The result bodies of those of these intents that are stored.
///
/// # Errors
/// Database errors only.
pub fn list_intent_results(conn: &mut Conn, org: OrgId, ids: &[IntentId]) -> StoreResult<Vec<(IntentId, String)>> {
    let rows: Vec<(Txt<IntentId>, String)> = per_backend!(conn, c => intents::table
        .filter(intents::org_id.eq(Txt(org)).and(one_of(intents::id, ids)))
        .select((intents::id, intents::result_body))
        .load(c))?;
    Ok(rows.into_iter().map(|(id, body)| (id.0, body)).collect())
}

/// SHA-256 of the bytes of those of these intents that are stored.
///
/// # Errors
/// Database errors only.
pub fn list_intent_hashes(conn: &mut Conn, org: OrgId, ids: &[IntentId]) -> StoreResult<BTreeMap<IntentId, Hash>> {
    let rows: Vec<(Txt<IntentId>, Txt<Hash>)> = per_backend!(conn, c => intents::table
        .filter(intents::org_id.eq(Txt(org)).and(one_of(intents::id, ids)))
        .select((intents::id, intents::sha256))
        .load(c))?;
    Ok(rows.into_iter().map(|(id, sha256)| (id.0, sha256.0)).collect())
}

/// Stores intents.
///
/// # Errors
/// Conflict if an id is known.
pub fn insert_intents(conn: &mut Conn, rows: &[IntentRow]) -> StoreResult<()> {
    insert_rows!(conn, intents::table, rows)?;
    Ok(())
}

/// A sealed statement; nothing changes it once stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = statements, treat_none_as_default_value = false)]
pub struct StatementRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// SHA-256 of the seal payload.
    pub digest: Txt<Hash>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Document kind.
    pub kind: String,
    /// Body, exactly as received.
    pub body: Vec<u8>,
    /// Seal, exactly as received.
    pub seal: String,
    /// Who sealed it.
    pub device_id: Txt<DeviceId>,
    /// When it arrived.
    pub received_at_ms: i64,
    /// Why it was late then, if it was.
    pub late_reason: Option<String>,
}

/// The statement of this digest.
///
/// # Errors
/// Database errors only.
pub fn find_statement(conn: &mut Conn, org: OrgId, digest: Hash) -> StoreResult<Option<StatementRow>> {
    Ok(per_backend!(conn, c => statements::table
        .find((Txt(org), Txt(digest)))
        .select(StatementRow::as_select())
        .first(c)
        .optional())?)
}

/// Stores a statement.
///
/// # Errors
/// Conflict if the digest is known.
pub fn insert_statement(conn: &mut Conn, row: &StatementRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(statements::table).values(row).execute(c))?;
    Ok(())
}

/// The statements of a visit, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_statements(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<StatementRow>> {
    Ok(per_backend!(conn, c => statements::table
        .filter(statements::org_id.eq(Txt(org)).and(statements::visit_id.eq(Txt(visit))))
        .order((statements::received_at_ms, statements::digest))
        .select(StatementRow::as_select())
        .load(c))?)
}

/// Refused bytes, kept whole.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = quarantine)]
pub struct QuarantineRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Change hash, statement digest, intent id, name of the blob, or SHA-256 of unreadable bytes.
    pub id: String,
    /// `doc`, `intent`, `statement` or `blob`.
    pub kind: String,
    /// The visit, if known.
    pub visit_id: Option<Txt<VisitId>>,
    /// Who sent it.
    pub device_id: Txt<DeviceId>,
    /// Why it was refused.
    pub code: String,
    /// Exactly as received; none of a blob, whose bytes stay in its storage.
    pub bytes: Vec<u8>,
    /// When it arrived.
    pub received_at_ms: i64,
    /// Hashes of the items that these bytes write anew, one behind the other.
    pub replays: Option<Vec<u8>>,
}

/// The bytes kept under an id for a device.
///
/// # Errors
/// Database errors only.
pub fn find_quarantined(conn: &mut Conn, org: OrgId, id: &str, device: DeviceId) -> StoreResult<Option<Vec<u8>>> {
    Ok(per_backend!(conn, c => quarantine::table
        .find((Txt(org), id, Txt(device)))
        .select(quarantine::bytes)
        .first(c)
        .optional())?)
}

/// The items that bytes kept under an id for a device write anew.
///
/// # Errors
/// Database errors only.
pub fn list_replays(conn: &mut Conn, org: OrgId, id: &str, device: DeviceId) -> StoreResult<Vec<Hash>> {
    let kept: Option<Option<Vec<u8>>> = per_backend!(conn, c => quarantine::table
        .find((Txt(org), id, Txt(device)))
        .select(quarantine::replays)
        .first(c)
        .optional())?;
    let kept = kept.flatten().unwrap_or_default();
    let (hashes, _) = kept.as_chunks();
    Ok(hashes.iter().map(|hash| Hash(*hash)).collect())
}

/// Keeps refused bytes with their SHA-256, unless something is kept under their id already; tells whether it did.
///
/// # Concurrency
/// Waits for whoever is about to keep something under the same id; what he committed can be read afterwards.
///
/// # Errors
/// Database errors only.
pub fn keep_in_quarantine(conn: &mut Conn, row: &QuarantineRow) -> StoreResult<bool> {
    let sha256 = Txt(Hash::of(&row.bytes));
    let kept = per_backend!(conn, c => diesel::insert_into(quarantine::table)
        .values((row, quarantine::sha256.eq(sha256)))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(kept == 1)
}

/// Number and size of what a device has in quarantine: what is open, and with it what the phone settled by itself.
///
/// What a person settled is not counted.
///
/// # Errors
/// Database errors only.
pub fn quarantine_size(conn: &mut Conn, org: OrgId, device: DeviceId) -> StoreResult<[(i64, i64); 2]> {
    use diesel::dsl::{count_star, sql};
    use diesel::sql_types::BigInt;
    let (open, unsettled): ((i64, i64), (i64, i64)) = per_backend!(conn, c => quarantine::table
        .filter(quarantine::org_id.eq(Txt(org)).and(quarantine::device_id.eq(Txt(device))))
        // A blob takes no room here: its bytes are where those of all blobs are.
        .filter(quarantine::settled_by.is_null().and(quarantine::kind.ne("blob")))
        .select((
            (
                sql::<BigInt>("COUNT(CASE WHEN state = 'open' THEN 1 END)"),
                sql::<BigInt>("COALESCE(SUM(CASE WHEN state = 'open' THEN LENGTH(bytes) ELSE 0 END), 0)"),
            ),
            (count_star(), sql::<BigInt>("COALESCE(SUM(LENGTH(bytes)), 0)")),
        ))
        .first(c))?;
    Ok([open, unsettled])
}
