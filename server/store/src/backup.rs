//! Whole databases: a consistent copy of a running one, and what a copy holds.

use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};
use diesel::result::Error as DieselError;
use diesel::sql_types::{BigInt, Text};
use diesel::{PgConnection, SqliteConnection};

use crate::conn::{Conn, EngineConn};
use crate::error::{StoreError, StoreResult};
use crate::restores::{BlobEntry, NEXT_NUMBERS, NextNumber};
use crate::schema::blobs;
use crate::text::Txt;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

/// Copies a SQLite database while others use it: one consistent state, in one file.
///
/// # Errors
/// [`StoreError::Open`] if the database cannot be read or the file not be written, or if it exists.
pub fn copy_sqlite(from: &Path, to: &Path) -> StoreResult<()> {
    let mut conn = SqliteConnection::establish(&from.to_string_lossy()).map_err(open_error)?;
    let target = to.to_string_lossy().replace('\'', "''");
    conn.batch_execute(&format!("PRAGMA busy_timeout = 60000; VACUUM INTO '{target}';")).map_err(open_error)?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(open_error)
}

/// Moves everything from the write-ahead log into the file of a SQLite database that nobody uses; false if it is damaged,
/// so that SQLite cannot.
///
/// # Errors
/// [`StoreError::Open`] if somebody does, or the file cannot be reached.
pub fn settle_sqlite(path: &Path) -> StoreResult<bool> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(open_error)?;
    let settled = conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;");
    match settled {
        Ok(()) => Ok(true),
        Err(DieselError::DatabaseError(_, info)) if DAMAGED.contains(&info.message()) => Ok(false),
        Err(error) => Err(open_error(error)),
    }
}

/// What SQLite says of a file that it cannot read as a database, or in which it finds its way no more.
///
/// # Source
/// SQLite, `sqlite3_errstr` of `SQLITE_NOTADB` and `SQLITE_CORRUPT`.
const DAMAGED: [&str; 2] = ["file is not a database", "database disk image is malformed"];

/// Runs `f` on the file of a SQLite database that nobody else uses; no log is left beside it.
///
/// # Errors
/// Whatever `f` reports.
pub fn with_sqlite<T>(path: &Path, f: impl FnOnce(&mut Conn) -> StoreResult<T>) -> StoreResult<T> {
    let manager = ConnectionManager::new(path.to_string_lossy());
    let pool = Pool::builder().max_size(1).build(manager).map_err(open_error)?;
    f(&mut EngineConn::Sqlite(pool.get().map_err(open_error)?).into())
}

/// Lets another program read the very snapshot of this transaction (PostgreSQL).
///
/// # Errors
/// Database errors only; not on SQLite.
pub fn export_snapshot(conn: &mut Conn) -> StoreResult<String> {
    #[derive(QueryableByName)]
    struct Exported {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let EngineConn::Postgres(conn) = &mut conn.engine else {
        return Err(StoreError::Open("only PostgreSQL exports snapshots".into()));
    };
    let exported: Exported = diesel::sql_query("SELECT pg_export_snapshot() AS name").get_result(&mut **conn)?;
    Ok(exported.name)
}

/// Looks at who uses a PostgreSQL database, on one connection, which does not count itself.
pub struct PostgresUse(PgConnection);

impl std::fmt::Debug for PostgresUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostgresUse")
    }
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl PostgresUse {
    /// Connects to the database.
    ///
    /// # Errors
    /// [`StoreError::Open`] if it cannot be reached.
    pub fn open(url: &str) -> StoreResult<Self> {
        PgConnection::establish(url).map(Self).map_err(open_error)
    }

    /// Tables in the schema `public`.
    ///
    /// # Errors
    /// Database errors only.
    pub fn tables(&mut self) -> StoreResult<i64> {
        self.count("SELECT count(*) AS count FROM pg_tables WHERE schemaname = 'public'")
    }

    /// Other connections to the database.
    ///
    /// # Errors
    /// Database errors only.
    pub fn others(&mut self) -> StoreResult<i64> {
        self.count(
            "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )
    }

    /// Every series of numbers in the schema `public`.
    ///
    /// # Errors
    /// Also where there is no such table.
    pub fn next_numbers(&mut self) -> StoreResult<Vec<NextNumber>> {
        Ok(diesel::sql_query(NEXT_NUMBERS).load(&mut self.0)?)
    }

    fn count(&mut self, sql: &str) -> StoreResult<i64> {
        let found: Counted = diesel::sql_query(sql).get_result(&mut self.0)?;
        Ok(found.count)
    }
}

/// Every blob, in order of tenant and name.
///
/// # Errors
/// Database errors only.
pub fn list_all_blobs(conn: &mut Conn) -> StoreResult<Vec<BlobEntry>> {
    let found: Vec<(Txt<OrgId>, Txt<Hash>, i64)> = per_backend!(conn, c => blobs::table
        .order((blobs::org_id, blobs::sha256))
        .select((blobs::org_id, blobs::sha256, blobs::bytes))
        .load(c))?;
    Ok(found.into_iter().map(|(org, sha256, bytes)| BlobEntry { org: org.0, sha256: sha256.0, bytes }).collect())
}

fn open_error(error: impl std::fmt::Display) -> StoreError {
    StoreError::Open(error.to_string())
}
