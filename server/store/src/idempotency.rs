//! Answers to requests with an idempotency key, stored with their effect.

use diesel::prelude::*;
use sync_core::ids::{OrgId, UserId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::schema::idempotency_keys;
use crate::text::Txt;

/// One answered request.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_keys)]
pub struct IdempotencyRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Whose key.
    pub user_id: Txt<UserId>,
    /// The key as sent.
    pub idempotency_key: String,
    /// SHA-256 of the request, in hex.
    pub fingerprint: String,
    /// Status of the answer; zero inside the transaction that makes it, never in a committed row.
    pub status: i64,
    /// Version of the thing in the answer, which its `ETag` names.
    pub version: Option<i64>,
    /// Body of the answer.
    pub body: String,
    /// When the key came first.
    pub created_at_ms: i64,
}

/// Claims a key for this transaction; `false` if the key has a row.
///
/// # Concurrency
/// A transaction with the same key on another connection waits for the end of this one, then finds its row.
///
/// # Errors
/// Database errors only.
pub fn claim_key(conn: &mut Conn, row: &IdempotencyRow) -> StoreResult<bool> {
    let inserted = per_backend!(conn, c => diesel::insert_into(idempotency_keys::table)
        .values(row)
        .on_conflict((idempotency_keys::org_id, idempotency_keys::user_id, idempotency_keys::idempotency_key))
        .do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

/// The row of a key.
///
/// # Errors
/// Not found if there is none.
pub fn load_key(conn: &mut Conn, org: OrgId, user: UserId, key: &str) -> StoreResult<IdempotencyRow> {
    Ok(per_backend!(conn, c => idempotency_keys::table
        .find((Txt(org), Txt(user), key))
        .select(IdempotencyRow::as_select())
        .first(c))?)
}

/// Writes the row of a key anew.
///
/// # Errors
/// Stale if there is none.
pub fn update_key(conn: &mut Conn, row: &IdempotencyRow) -> StoreResult<()> {
    let key = (row.org_id, row.user_id, row.idempotency_key.as_str());
    expect_one(per_backend!(conn, c => diesel::update(idempotency_keys::table.find(key))
        .set((
            idempotency_keys::fingerprint.eq(&row.fingerprint),
            idempotency_keys::status.eq(row.status),
            idempotency_keys::version.eq(row.version),
            idempotency_keys::body.eq(&row.body),
            idempotency_keys::created_at_ms.eq(row.created_at_ms),
        ))
        .execute(c))?)
}

/// Forgets the keys that came before an instant, of all organisations; tells how many.
///
/// # Errors
/// Database errors only.
pub fn delete_keys_before(conn: &mut Conn, before_ms: i64) -> StoreResult<usize> {
    let old = idempotency_keys::table.filter(idempotency_keys::created_at_ms.lt(before_ms));
    Ok(per_backend!(conn, c => diesel::delete(old).execute(c))?)
}
