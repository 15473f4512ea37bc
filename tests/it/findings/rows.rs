//! Rows behind the server's back: what a person decides, and what was never looked at.

use diesel::RunQueryDsl as _;
use doorstep_store::{Conn, StoreResult, per_backend};

/// Dismisses what was found of a code, as a person does.
pub fn dismiss(conn: &mut Conn, code: &str) -> StoreResult<()> {
    let dismiss = format!("UPDATE findings SET state = 'dismissed' WHERE code = '{code}'");
    per_backend!(conn, c => diesel::sql_query(dismiss).execute(c))?;
    Ok(())
}

/// Forgets all that was looked at, found and due.
pub fn forget(conn: &mut Conn) -> StoreResult<()> {
    for table in ["findings", "photo_sightings", "photo_checks"] {
        let delete = format!("DELETE FROM {table}");
        per_backend!(conn, c => diesel::sql_query(delete).execute(c))?;
    }
    Ok(())
}
