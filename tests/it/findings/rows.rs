//! Rows behind the server's back: what a person decides, and what was never looked at.

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use doorstep_store::{Conn, StoreResult, per_backend};
use integration_tests::patience::until;

/// Runs a statement.
pub fn run(conn: &mut Conn, sql: &str) -> StoreResult<()> {
    per_backend!(conn, c => diesel::sql_query(sql).execute(c))?;
    Ok(())
}

/// Dismisses what was found of a code, as a person does.
pub fn dismiss(conn: &mut Conn, code: &str) -> StoreResult<()> {
    run(conn, &format!("UPDATE findings SET state = 'dismissed' WHERE code = '{code}'"))
}

/// Forgets all that was looked at, found and due.
pub fn forget(conn: &mut Conn) -> StoreResult<()> {
    ["findings", "photo_sightings", "photo_looks", "photo_checks"]
        .iter()
        .try_for_each(|table| run(conn, &format!("DELETE FROM {table}")))
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Has the commit of the visit that is looked at as `seq` wait for a lock, which this session holds (PostgreSQL).
pub fn hold_commit(conn: &mut Conn, seq: usize) -> StoreResult<()> {
    let sql = format!(
        "CREATE OR REPLACE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$; \
         DROP TRIGGER IF EXISTS held ON photo_sightings; \
         CREATE CONSTRAINT TRIGGER held AFTER INSERT ON photo_sightings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW \
         WHEN (NEW.seq = {seq}) EXECUTE FUNCTION held(); \
         SELECT pg_advisory_lock(42)"
    );
    Ok(per_backend!(conn, c => c.batch_execute(&sql))?)
}

/// Ends the sessions that a killed server left, and the hold (PostgreSQL).
pub fn end_hold(conn: &mut Conn) -> StoreResult<()> {
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                  AND backend_type = 'client backend'";
    run(conn, &format!("SELECT pg_terminate_backend(pid) {others}"))?;
    let left = format!("SELECT count(*) AS count {others}");
    until("they have ended", || count(conn, &left).is_ok_and(|left| left == 0));
    let sql = "DROP TRIGGER held ON photo_sightings; SELECT pg_advisory_unlock(42)";
    Ok(per_backend!(conn, c => c.batch_execute(sql))?)
}

/// How many sessions wait for a lock (PostgreSQL).
pub fn waiting(conn: &mut Conn) -> StoreResult<i64> {
    let sql = "SELECT count(*) AS count FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    count(conn, sql)
}

fn count(conn: &mut Conn, sql: &str) -> StoreResult<i64> {
    let counted: Vec<Count> = per_backend!(conn, c => diesel::sql_query(sql).load(c))?;
    Ok(counted.first().map_or(0, |row| row.count))
}
