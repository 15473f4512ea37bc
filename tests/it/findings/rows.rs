//! Rows behind the server's back: what a person decides, and what was never looked at.

use diesel::RunQueryDsl as _;
use doorstep_store::{Conn, StoreResult, per_backend};
use integration_tests::db::paused;
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

/// Has the commit of the visit that is looked at as `seq` wait for this session (PostgreSQL).
pub fn hold_commit(conn: &mut Conn, seq: usize) {
    let conn = paused::postgres(conn);
    paused::pause(conn, "INSERT ON photo_sightings", &format!("WHEN (NEW.seq = {seq})"));
    paused::hold(conn);
}

/// Whether a commit waits (PostgreSQL).
pub fn is_held(conn: &mut Conn) -> bool {
    paused::waiting(paused::postgres(conn)) > 0
}

/// Ends the sessions that a killed server left, and the hold (PostgreSQL).
pub fn end_hold(conn: &mut Conn) -> StoreResult<()> {
    until("they have ended", || paused::end_others(paused::postgres(conn)) == 0);
    paused::let_go(paused::postgres(conn));
    run(conn, "DROP TRIGGER pause ON photo_sightings")
}
