//! Tenants, the store epoch, the server's keys, number series.

use diesel::prelude::*;
use sync_core::ids::{EpochId, OrgId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::prepared::StaysPrepared as _;
use crate::restores;
use crate::schema::{number_series, organisations, signing_keys, store_epoch};
use crate::text::Txt;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = organisations)]
pub struct OrganisationRow {
    /// Id.
    pub id: Txt<OrgId>,
    /// Short code people type when signing in.
    pub code: String,
    /// Name.
    pub name: String,
    /// IANA time zone of its business rules.
    pub zone: String,
    /// When it was made.
    pub created_at_ms: i64,
}

/// Adds a tenant.
///
/// # Errors
/// Conflict if the code is taken.
pub fn insert_organisation(conn: &mut Conn, row: &OrganisationRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(organisations::table).values(row).execute(c))?;
    Ok(())
}

/// The tenant of this code.
///
/// # Errors
/// Database errors only.
pub fn find_organisation_by_code(conn: &mut Conn, code: &str) -> StoreResult<Option<OrganisationRow>> {
    Ok(per_backend!(conn, c => organisations::table
        .filter(organisations::code.eq(code))
        .select(OrganisationRow::as_select())
        .first(c)
        .optional())?)
}

/// The tenant of this id.
///
/// # Errors
/// Not found.
pub fn load_organisation(conn: &mut Conn, org: OrgId) -> StoreResult<OrganisationRow> {
    Ok(per_backend!(conn, c => organisations::table
        .find(Txt(org))
        .select(OrganisationRow::as_select())
        .first(c))?)
}

/// All tenants.
///
/// # Errors
/// Database errors only.
pub fn list_organisations(conn: &mut Conn) -> StoreResult<Vec<OrganisationRow>> {
    Ok(per_backend!(conn, c => organisations::table
        .order(organisations::id)
        .select(OrganisationRow::as_select())
        .load(c))?)
}

/// The epoch of this data; `fresh` becomes it on first use.
///
/// # Errors
/// Database errors only.
pub fn ensure_epoch(conn: &mut Conn, fresh: EpochId, now_ms: i64) -> StoreResult<EpochId> {
    let found: Option<Txt<EpochId>> =
        per_backend!(conn, c => store_epoch::table.select(store_epoch::id).first(c).optional())?;
    if let Some(Txt(epoch)) = found {
        return Ok(epoch);
    }
    per_backend!(conn, c => diesel::insert_into(store_epoch::table)
        .values((store_epoch::id.eq(Txt(fresh)), store_epoch::created_at_ms.eq(now_ms)))
        .execute(c))?;
    Ok(fresh)
}

/// A key of the server.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys)]
pub struct SigningKeyRow {
    /// Thumbprint.
    pub kid: String,
    /// `access` or `evidence`.
    pub purpose: String,
    /// Public key.
    pub public_key: Vec<u8>,
    /// Seed.
    pub private_key: Vec<u8>,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it stopped signing.
    pub retired_at_ms: Option<i64>,
    /// From when what it signs counts no more.
    pub revoked_at_ms: Option<i64>,
}

/// Adds a key.
///
/// # Errors
/// Database errors only.
pub fn insert_signing_key(conn: &mut Conn, row: &SigningKeyRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(signing_keys::table).values(row).execute(c))?;
    Ok(())
}

/// All keys of a purpose, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_signing_keys(conn: &mut Conn, purpose: &str) -> StoreResult<Vec<SigningKeyRow>> {
    Ok(per_backend!(conn, c => signing_keys::table
        .filter(signing_keys::purpose.eq(purpose))
        .order((signing_keys::created_at_ms, signing_keys::kid))
        .select(SigningKeyRow::as_select())
        .load(c))?)
}

/// Ends the signing of every key of a purpose that still signs; returns their thumbprints.
///
/// # Errors
/// Database errors only.
pub fn retire_signing_keys(
    conn: &mut Conn,
    purpose: &str,
    at_ms: i64,
    revoked_at_ms: Option<i64>,
) -> StoreResult<Vec<String>> {
    let in_force: Vec<String> = per_backend!(conn, c => signing_keys::table
        .filter(signing_keys::purpose.eq(purpose).and(signing_keys::retired_at_ms.is_null()))
        .select(signing_keys::kid)
        .order(signing_keys::kid)
        .load(c))?;
    for kid in &in_force {
        expect_one(per_backend!(conn, c => diesel::update(signing_keys::table.find(kid))
            .set((signing_keys::retired_at_ms.eq(at_ms), signing_keys::revoked_at_ms.eq(revoked_at_ms)))
            .execute(c))?)?;
    }
    Ok(in_force)
}

/// Takes the next number of a series, from 1.
///
/// # Concurrency
/// The row is locked until the transaction ends, so numbers have no doubles, and no gaps but those of a restore.
///
/// # Errors
/// Database errors only.
pub fn take_number(conn: &mut Conn, org: OrgId, series: &str) -> StoreResult<i64> {
    take_numbers(conn, org, series, 1)
}

/// Takes the next `count` numbers of a series and returns the first of them.
///
/// # Concurrency
/// As [`take_number`].
///
/// # Errors
/// Database errors only.
pub fn take_numbers(conn: &mut Conn, org: OrgId, series: &str, count: i64) -> StoreResult<i64> {
    let known: Option<i64> = per_backend!(conn, c => diesel::update(number_series::table.find((Txt(org), series)))
        .set(number_series::next_value.eq(number_series::next_value + count))
        .returning(number_series::next_value)
        .stays_prepared()
        .get_result(c)
        .optional())?;
    if let Some(next) = known {
        return Ok(next - count);
    }
    let first = restores::first_number(conn)?;
    let next: i64 = per_backend!(conn, c => diesel::insert_into(number_series::table)
        .values((
            number_series::org_id.eq(Txt(org)),
            number_series::series.eq(series),
            number_series::next_value.eq(first + count),
        ))
        .on_conflict((number_series::org_id, number_series::series))
        .do_update()
        .set(number_series::next_value.eq(number_series::next_value + count))
        .returning(number_series::next_value)
        .get_result(c))?;
    Ok(next - count)
}
