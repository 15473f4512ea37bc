//! The embedded migrations of both engines.

use std::collections::BTreeSet;

use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::conn::{Conn, EngineConn};
use crate::error::{StoreError, StoreResult};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Runs the pending migrations and returns their names.
///
/// # Errors
/// [`StoreError::Open`] names the migration that failed.
pub fn run_pending(conn: &mut Conn) -> StoreResult<Vec<String>> {
    match &mut conn.engine {
        EngineConn::Sqlite(conn) => run(&mut **conn, SQLITE),
        EngineConn::Postgres(conn) => {
            // Several nodes may start at once: the first one migrates, the others wait.
            crate::dialect::lock_migrations(conn)?;
            let versions = run(&mut **conn, POSTGRES);
            crate::dialect::unlock_migrations(conn)?;
            versions
        }
    }
}

/// How a database stands to the migrations of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaStanding {
    /// It has exactly these.
    Current,
    /// It lacks some.
    Older,
    /// It has these and further ones.
    Newer,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Compares what was applied with what this version knows.
///
/// # Errors
/// Database errors only.
pub fn standing(conn: &mut Conn) -> StoreResult<SchemaStanding> {
    // Diesel's own question would make the table if there were none, which a reader may not.
    let sql = "SELECT version FROM __diesel_schema_migrations";
    let applied: Vec<Applied> = per_backend!(conn, c => diesel::sql_query(sql).load(c))?;
    let applied: BTreeSet<String> = applied.into_iter().map(|row| row.version).collect();
    let known = match conn.engine {
        EngineConn::Sqlite(_) => versions::<Sqlite>(SQLITE),
        EngineConn::Postgres(_) => versions::<Pg>(POSTGRES),
    }?;
    Ok(if !known.is_subset(&applied) {
        SchemaStanding::Older
    } else if known.len() < applied.len() {
        SchemaStanding::Newer
    } else {
        SchemaStanding::Current
    })
}

fn versions<DB: Backend>(migrations: EmbeddedMigrations) -> StoreResult<BTreeSet<String>>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known: Vec<Box<dyn Migration<DB>>> = migrations.migrations().map_err(failed)?;
    Ok(known.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// Runs the pending migrations, or refuses a database that has some.
pub(crate) fn bring_up(conn: &mut Conn, migrates: bool) -> StoreResult<()> {
    if migrates {
        return run_pending(conn).map(drop);
    }
    match standing(conn)? {
        SchemaStanding::Older => {
            Err(StoreError::Open("the database has an older schema; `doorstep migrate` brings it up".to_owned()))
        }
        SchemaStanding::Current | SchemaStanding::Newer => Ok(()),
    }
}

/// Reverts every migration; only tests and `doorstep migrate --revert-all` on an empty database do this.
///
/// # Errors
/// [`StoreError::Open`] names the migration that failed.
pub fn revert_all(conn: &mut Conn) -> StoreResult<()> {
    match &mut conn.engine {
        EngineConn::Sqlite(conn) => conn.revert_all_migrations(SQLITE).map(drop),
        EngineConn::Postgres(conn) => conn.revert_all_migrations(POSTGRES).map(drop),
    }
    .map_err(failed)
}

fn run<DB: Backend>(conn: &mut impl MigrationHarness<DB>, migrations: EmbeddedMigrations) -> StoreResult<Vec<String>>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let versions = conn.run_pending_migrations(migrations).map_err(failed)?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Open(format!("migration failed: {error}"))
}
