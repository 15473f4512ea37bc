//! Rows behind the server's back: what a person decides, and what was never looked at.

use diesel::RunQueryDsl as _;
use doorstep_store::{Conn, StoreResult, per_backend};

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
