//! The few statements whose text differs between the engines, and nothing else.

use diesel::connection::SimpleConnection as _;
use diesel::{PgConnection, QueryResult};

/// Key of the advisory lock around migrations: "doorstep" in ASCII, folded to 63 bits.
const MIGRATION_LOCK: i64 = 0x646f_6f72_7374_6570;

/// Waits until no other node migrates this PostgreSQL database.
pub(crate) fn lock_migrations(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))
}

/// Lets the next node migrate.
pub(crate) fn unlock_migrations(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))
}
