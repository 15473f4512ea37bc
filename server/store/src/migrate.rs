//! The embedded migrations of both engines.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::conn::Conn;
use crate::error::{StoreError, StoreResult};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Runs the pending migrations and returns their names.
///
/// # Errors
/// [`StoreError::Open`] names the migration that failed.
pub fn run_pending(conn: &mut Conn) -> StoreResult<Vec<String>> {
    match conn {
        Conn::Sqlite(conn) => run(&mut **conn, SQLITE),
        Conn::Postgres(conn) => {
            // Several nodes may start at once: the first one migrates, the others wait.
            crate::dialect::lock_migrations(conn)?;
            let versions = run(&mut **conn, POSTGRES);
            crate::dialect::unlock_migrations(conn)?;
            versions
        }
    }
}

/// Runs the pending migrations, or refuses a database that has some.
pub(crate) fn bring_up(conn: &mut Conn, migrates: bool) -> StoreResult<()> {
    if migrates {
        return run_pending(conn).map(drop);
    }
    let pending = match conn {
        Conn::Sqlite(conn) => conn.has_pending_migration(SQLITE),
        Conn::Postgres(conn) => conn.has_pending_migration(POSTGRES),
    };
    match pending.map_err(failed)? {
        false => Ok(()),
        true => Err(StoreError::Open("the database has an older schema; `doorstep migrate` brings it up".to_owned())),
    }
}

/// Reverts every migration; only tests and `doorstep migrate --revert-all` on an empty database do this.
///
/// # Errors
/// [`StoreError::Open`] names the migration that failed.
pub fn revert_all(conn: &mut Conn) -> StoreResult<()> {
    match conn {
        Conn::Sqlite(conn) => conn.revert_all_migrations(SQLITE).map(drop),
        Conn::Postgres(conn) => conn.revert_all_migrations(POSTGRES).map(drop),
    }
    .map_err(failed)
}

fn run<DB: diesel::backend::Backend>(
    conn: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> StoreResult<Vec<String>>
where
    EmbeddedMigrations: diesel::migration::MigrationSource<DB>,
{
    let versions = conn.run_pending_migrations(migrations).map_err(failed)?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Open(format!("migration failed: {error}"))
}
