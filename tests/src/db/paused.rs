//! Commits that wait for a test, and who waits for a lock (PostgreSQL).

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::{PgConnection, QueryableByName, RunQueryDsl as _, sql_query};
use doorstep_store::{Conn, EngineConn};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The connection behind one that may be to either engine.
///
/// # Panics
/// If it is to SQLite.
pub fn postgres(conn: &mut Conn) -> &mut PgConnection {
    match &mut conn.engine {
        EngineConn::Postgres(conn) => conn,
        EngineConn::Sqlite(_) => panic!("PostgreSQL only"),
    }
}

/// Has the commit of whoever does this (`INSERT ON findings`) to a row of this condition (`WHEN (NEW.seq = 1)`, or none) wait
/// while a session holds.
///
/// # Panics
/// If the database refuses.
pub fn pause(conn: &mut PgConnection, events: &str, condition: &str) {
    run(
        conn,
        &format!(
            "CREATE OR REPLACE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER pause AFTER {events} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {condition} \
             EXECUTE FUNCTION pause()"
        ),
    );
}

/// Has paused commits wait for this session.
///
/// # Panics
/// If the database refuses.
pub fn hold(conn: &mut PgConnection) {
    run(conn, "SELECT pg_advisory_lock(42)");
}

/// Lets them go on.
///
/// # Panics
/// If the database refuses.
pub fn let_go(conn: &mut PgConnection) {
    run(conn, "SELECT pg_advisory_unlock(42)");
}

/// How many sessions of this database wait for a lock.
///
/// # Panics
/// If the database refuses.
pub fn waiting(conn: &mut PgConnection) -> i64 {
    count(
        conn,
        "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
}

/// Ends every other session of this database, as if their servers' machines were gone; how many there were.
///
/// # Panics
/// If the database refuses.
pub fn end_others(conn: &mut PgConnection) -> i64 {
    count(
        conn,
        "SELECT count(pg_terminate_backend(pid)) AS count FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    )
}

fn run(conn: &mut PgConnection, sql: &str) {
    conn.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn count(conn: &mut PgConnection, sql: &str) -> i64 {
    let counted: Vec<Count> = sql_query(sql).load(conn).unwrap_or_else(|error| panic!("{sql}: {error}"));
    counted[0].count
}
