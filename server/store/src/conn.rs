//! Connections: which engine a URL names, how a connection is opened and prepared.

use std::path::PathBuf;
use std::str::FromStr;

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, PooledConnection};
use diesel::{Connection as _, PgConnection, SqliteConnection};

use crate::error::{StoreError, StoreResult};

/// One connection to whichever engine the installation uses.
pub enum Conn {
    /// Embedded SQLite.
    Sqlite(Pooled<SqliteConnection>),
    /// PostgreSQL.
    Postgres(Pooled<PgConnection>),
}

/// A connection of a pool.
pub type Pooled<C> = PooledConnection<ConnectionManager<C>>;

impl std::fmt::Debug for Conn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Conn::Sqlite",
            Self::Postgres(_) => "Conn::Postgres",
        })
    }
}

/// Where the data lives: `sqlite://path` or `postgres://…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file, made on first use.
    Sqlite(PathBuf),
    /// A connection URL of libpq.
    Postgres(String),
}

/// Reports a database URL of an unknown scheme; nothing is opened or created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("DATABASE_URL must be sqlite://path or postgres://user@host/name, found scheme {scheme:?}")]
pub struct UrlError {
    scheme: String,
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        match text.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => Ok(Self::Postgres(text.to_owned())),
            // The rest of the URL may hold a password: only the scheme is repeated.
            Some((scheme, _)) => Err(UrlError { scheme: scheme.to_owned() }),
            None => Err(UrlError { scheme: String::new() }),
        }
    }
}

/// Settings of every SQLite connection. `FULL` makes an acknowledged commit survive power loss.
const SQLITE_PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA cache_size = -2000; PRAGMA wal_autocheckpoint = 4000;";

/// Prepares each new SQLite connection of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SqlitePragmas;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for SqlitePragmas {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(SQLITE_PRAGMAS).map_err(diesel::r2d2::Error::QueryError)
    }
}

impl Conn {
    /// Runs `f` in a transaction that commits on `Ok` and rolls back on `Err`.
    ///
    /// SQLite begins `IMMEDIATE`, so that a writer never upgrades a stale read.
    pub(crate) fn write_transaction<T, E>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        self.transaction("BEGIN IMMEDIATE", "BEGIN", f)
    }

    /// Runs `f` on one consistent snapshot of the data.
    pub(crate) fn read_transaction<T, E>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        self.transaction("BEGIN DEFERRED", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", f)
    }

    fn transaction<T, E>(
        &mut self,
        sqlite: &str,
        postgres: &str,
        f: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        self.begin(sqlite, postgres)?;
        let result = f(self);
        match result {
            Ok(value) => self.commit().map(|()| value).map_err(E::from),
            Err(error) => {
                if let Err(error) = self.roll_back() {
                    // The pool discards a connection whose transaction state is broken.
                    tracing::warn!(%error, "rollback failed");
                }
                Err(error)
            }
        }
    }

    /// Begins the transaction of a group of writes.
    pub(crate) fn begin_write(&mut self) -> StoreResult<()> {
        self.begin("BEGIN IMMEDIATE", "BEGIN")
    }

    /// Sets a savepoint inside a transaction; the next commit or rollback is back to here.
    pub(crate) fn begin_nested(&mut self) -> StoreResult<()> {
        use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
        per_backend!(self, c => AnsiTransactionManager::begin_transaction(&mut **c))?;
        Ok(())
    }

    fn begin(&mut self, sqlite: &str, postgres: &str) -> StoreResult<()> {
        use diesel::connection::AnsiTransactionManager;
        match self {
            Self::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(&mut **conn, sqlite)?,
            Self::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(&mut **conn, postgres)?,
        }
        Ok(())
    }

    /// Commits the innermost transaction or savepoint.
    pub(crate) fn commit(&mut self) -> StoreResult<()> {
        use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
        per_backend!(self, c => AnsiTransactionManager::commit_transaction(&mut **c))?;
        Ok(())
    }

    /// Takes back the innermost transaction or what was written since the savepoint.
    pub(crate) fn roll_back(&mut self) -> StoreResult<()> {
        use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
        per_backend!(self, c => AnsiTransactionManager::rollback_transaction(&mut **c))?;
        Ok(())
    }
}

/// Makes the parent directory of a SQLite file and syncs it, so that the new file survives power loss.
pub(crate) fn prepare_directory(path: &std::path::Path) -> StoreResult<()> {
    let open_error = |error: std::io::Error| StoreError::Open(format!("{}: {error}", path.display()));
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => std::path::Path::new("."),
    };
    std::fs::create_dir_all(parent).map_err(open_error)?;
    std::fs::File::open(parent).and_then(|directory| directory.sync_all()).map_err(open_error)
}

/// Opens one connection outside any pool, to fail early with a readable message.
pub(crate) fn probe(url: &DatabaseUrl) -> StoreResult<()> {
    match url {
        DatabaseUrl::Sqlite(path) => probe_sqlite(path),
        DatabaseUrl::Postgres(url) => {
            PgConnection::establish(url).map(drop).map_err(|error| StoreError::Open(error.to_string()))
        }
    }
}

/// SQLite opens any file; only its first read says that it is no database, which a pool would try again and again.
fn probe_sqlite(path: &std::path::Path) -> StoreResult<()> {
    let said = |error: &dyn std::fmt::Display| StoreError::Open(format!("{}: {error}", path.display()));
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(|error| said(&error))?;
    conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA schema_version;").map_err(|error| said(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_schemes_are_opened() {
        assert_eq!("sqlite://data/db".parse(), Ok(DatabaseUrl::Sqlite("data/db".into())));
        assert_eq!("postgres://u@h/d".parse(), Ok(DatabaseUrl::Postgres("postgres://u@h/d".into())));
        for bad in ["mysql://u:secret@h/d", "data.sqlite", "sqlite://", ""] {
            let error = bad.parse::<DatabaseUrl>().expect_err(bad);
            assert!(!error.to_string().contains("secret"));
        }
    }
}
