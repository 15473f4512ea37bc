//! The few statements whose text differs between the engines, and nothing else.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};
use diesel::{PgConnection, QueryResult};
use sync_core::bytes::Hash;
use sync_core::ids::{CustomerId, DeviceId, OrgId, UserId, VisitId, WorkOrderId};

use crate::conn::{Conn, EngineConn, PG_SETTINGS};
use crate::one_of::one_of;
use crate::schema::{customers, deadlines, quarantine, tasks, users, visits, work_orders};
use crate::text::Txt;

/// Key of the advisory lock around migrations: "doorstep" in ASCII, folded to 63 bits.
const MIGRATION_LOCK: i64 = 0x646f_6f72_7374_6570;

/// Waits until no other node migrates this PostgreSQL database.
pub(crate) fn lock_migrations(conn: &mut PgConnection) -> QueryResult<()> {
    // Another node may take its time.
    conn.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0")?;
    conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))
}

/// Lets the next node migrate.
pub(crate) fn unlock_migrations(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
    conn.batch_execute(PG_SETTINGS)
}

/// Makes other transactions that store or claim one of these blobs wait for the end of this one.
///
/// SQLite has one writer at a time and needs nothing. Two blobs that fold to one number wait in vain, no more. They are
/// locked in order, so that two transactions with several blobs never wait in a circle.
pub(crate) fn lock_blobs(conn: &mut Conn, org: OrgId, blobs: impl IntoIterator<Item = Hash>) -> QueryResult<()> {
    let EngineConn::Postgres(conn) = &mut conn.engine else { return Ok(()) };
    let fold = |bytes: &[u8]| bytes.iter().take(8).fold(0i64, |number, byte| number << 8 | i64::from(*byte));
    // The last bytes of a UUIDv7 are the random ones.
    let tenant = org.as_bytes().iter().rev().take(8).fold(0i64, |number, byte| number << 8 | i64::from(*byte));
    let keys: BTreeSet<i64> = blobs.into_iter().map(|sha256| tenant ^ fold(sha256.as_bytes())).collect();
    if keys.is_empty() {
        return Ok(());
    }
    // The functions run on rows that are sorted already.
    diesel::sql_query("SELECT pg_advisory_xact_lock(key) FROM (SELECT unnest($1) AS key ORDER BY 1) AS sorted")
        .bind::<Array<BigInt>, _>(keys.into_iter().collect::<Vec<_>>())
        .execute(&mut **conn)
        .map(drop)
}

/// As [`lock_visit`] for several visits, in the order of their ids, as everybody who locks several.
pub(crate) fn lock_visits(conn: &mut Conn, org: OrgId, visits: &[VisitId]) -> QueryResult<()> {
    let EngineConn::Postgres(conn) = &mut conn.engine else { return Ok(()) };
    let locked: Vec<i64> = visits::table
        .filter(visits::org_id.eq(Txt(org)).and(one_of(visits::id, visits)))
        .order(visits::id)
        .select(visits::version)
        .for_no_key_update()
        .load(&mut **conn)?;
    drop(locked);
    Ok(())
}

/// Makes other transactions that would change the visit's row wait for the end of this one; false if there is no such
/// visit.
///
/// SQLite has one writer at a time and only looks.
pub(crate) fn lock_visit(conn: &mut Conn, org: OrgId, visit: VisitId) -> QueryResult<bool> {
    let row = visits::table.find((Txt(org), Txt(visit))).select(visits::version);
    let found: Option<i64> = match &mut conn.engine {
        EngineConn::Sqlite(conn) => row.first(&mut **conn).optional()?,
        EngineConn::Postgres(conn) => row.for_no_key_update().first(&mut **conn).optional()?,
    };
    Ok(found.is_some())
}

/// Makes other transactions that decide where these people may be sent wait for the end of this one; the rows are locked in the
/// order of their ids.
///
/// SQLite has one writer at a time and needs nothing.
pub(crate) fn lock_people(conn: &mut Conn, org: OrgId, people: &[UserId]) -> QueryResult<()> {
    let EngineConn::Postgres(conn) = &mut conn.engine else { return Ok(()) };
    let locked: Vec<i64> = users::table
        .filter(users::org_id.eq(Txt(org)).and(one_of(users::id, people)))
        .order(users::id)
        .select(users::version)
        .for_no_key_update()
        .load(&mut **conn)?;
    drop(locked);
    Ok(())
}

/// Makes other transactions that decide what a customer is sent wait for the end of this one.
///
/// SQLite has one writer at a time and needs nothing.
pub(crate) fn lock_customer(conn: &mut Conn, org: OrgId, customer: CustomerId) -> QueryResult<()> {
    let EngineConn::Postgres(conn) = &mut conn.engine else { return Ok(()) };
    let row = customers::table.find((Txt(org), Txt(customer))).select(customers::version);
    row.for_no_key_update().first::<i64>(&mut **conn).optional().map(drop)
}

/// Makes other transactions that would change the deadlines of these subjects wait for the end of this one; the rows are
/// locked in the order of their keys.
///
/// SQLite has one writer at a time and needs nothing.
pub(crate) fn lock_deadlines(conn: &mut Conn, org: OrgId, subjects: &[String]) -> QueryResult<()> {
    let EngineConn::Postgres(conn) = &mut conn.engine else { return Ok(()) };
    let locked: Vec<i64> = deadlines::table
        .filter(deadlines::org_id.eq(Txt(org)).and(one_of(deadlines::subject, subjects)))
        .order((deadlines::subject, deadlines::code, deadlines::item))
        .select(deadlines::judged_ms)
        .for_no_key_update()
        .load(&mut **conn)?;
    drop(locked);
    Ok(())
}

/// Makes other transactions that would change the tasks of these sources wait for the end of this one; the rows are locked in
/// the order of their sources.
///
/// SQLite has one writer at a time and needs nothing.
pub(crate) fn lock_tasks(conn: &mut Conn, org: OrgId, sources: &[String]) -> QueryResult<()> {
    let EngineConn::Postgres(conn) = &mut conn.engine else { return Ok(()) };
    let locked: Vec<i64> = tasks::table
        .filter(tasks::org_id.eq(Txt(org)).and(one_of(tasks::source, sources)))
        .order(tasks::source)
        .select(tasks::version)
        .for_no_key_update()
        .load(&mut **conn)?;
    drop(locked);
    Ok(())
}

/// Makes other transactions that plan visits of an order, or refuse it, wait for the end of this one.
///
/// SQLite has one writer at a time and needs nothing.
pub(crate) fn lock_work_order(conn: &mut Conn, org: OrgId, order: WorkOrderId) -> QueryResult<()> {
    let EngineConn::Postgres(conn) = &mut conn.engine else { return Ok(()) };
    let row = work_orders::table.find((Txt(org), Txt(order))).select(work_orders::version);
    row.for_no_key_update().first::<i64>(&mut **conn).optional().map(drop)
}

/// Makes other transactions that would change an item of quarantine wait for the end of this one.
///
/// SQLite has one writer at a time and needs nothing.
pub(crate) fn lock_quarantined(conn: &mut Conn, org: OrgId, device: DeviceId, id: &str) -> QueryResult<()> {
    let EngineConn::Postgres(conn) = &mut conn.engine else { return Ok(()) };
    let of_device = quarantine::org_id.eq(Txt(org)).and(quarantine::device_id.eq(Txt(device)));
    let locked: Vec<i64> = quarantine::table
        .filter(of_device.and(quarantine::id.eq(id)))
        .select(quarantine::version)
        .for_no_key_update()
        .load(&mut **conn)?;
    drop(locked);
    Ok(())
}
