//! Connections: which engine a URL names, how a connection is opened and prepared.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, PooledConnection};
use diesel::{Connection as _, PgConnection, SqliteConnection};

use crate::error::{StoreError, StoreResult};
use crate::hints::{Hints, Topic};

/// One connection to whichever engine the installation uses, and what its transaction will have told once it commits.
pub struct Conn {
    /// The engine's own connection, for `per_backend!` and `dialect`.
    pub engine: EngineConn,
    /// Where hints go.
    hints: Hints,
    /// What the running transaction moves.
    moved: BTreeSet<Topic>,
}

/// A connection of one of the engines.
pub enum EngineConn {
    /// Embedded SQLite.
    Sqlite(Pooled<SqliteConnection>),
    /// PostgreSQL.
    Postgres(Pooled<PgConnection>),
}

/// A connection of a pool.
pub type Pooled<C> = PooledConnection<ConnectionManager<C>>;

impl std::fmt::Debug for Conn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.engine {
            EngineConn::Sqlite(_) => "Conn(SQLite)",
            EngineConn::Postgres(_) => "Conn(PostgreSQL)",
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

/// Settings of every SQLite connection. `FULL` makes an acknowledged commit survive power loss; what a statement of many
/// rows would take back on an error is kept in memory instead of a temporary file. `recursive_triggers` has `REPLACE` fire
/// the triggers of deletion, without which it would change what is proof.
const SQLITE_PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA temp_store = MEMORY; \
     PRAGMA wal_autocheckpoint = 4000;";

/// Page cache of a connection that reads, in KiB: the inner pages of its trees. What else it reads the kernel has; twice as much
/// makes nothing faster.
pub(crate) const READER_CACHE: u32 = 1_000;

/// Page cache of the one that writes, in KiB: room for all pages that half a mebibyte of documents changes, which else are
/// written to the log before the commit and once more with it.
pub(crate) const WRITER_CACHE: u32 = 5_000;

/// Prepares each new SQLite connection of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SqlitePragmas {
    /// Page cache, in KiB.
    pub(crate) cache: u32,
}

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for SqlitePragmas {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        let pragmas = format!("{SQLITE_PRAGMAS} PRAGMA cache_size = -{};", self.cache);
        conn.batch_execute(&pragmas).map_err(diesel::r2d2::Error::QueryError)
    }
}

/// Settings of every PostgreSQL connection of a pool.
///
/// A transaction that waits for a row longer than a client waits for an answer is given up, and so is a statement
/// without end; a node that stands still within a transaction loses it, and with it the rows that others wait for.
/// `synchronous_commit` makes an acknowledged commit survive power loss, whatever the role's own default is.
pub(crate) const PG_SETTINGS: &str = "SET lock_timeout = '10s'; SET statement_timeout = '60s'; \
     SET idle_in_transaction_session_timeout = '60s'; SET synchronous_commit = on;";

/// What errors say is compared with English texts; only a privileged role may choose the language.
const PG_ENGLISH: &str = "SET lc_messages = 'C'";

/// Prepares each new PostgreSQL connection of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PgSettings;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for PgSettings {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(PG_SETTINGS).map_err(diesel::r2d2::Error::QueryError)?;
        if let Err(error) = conn.batch_execute(PG_ENGLISH) {
            tracing::debug!(%error, "the role may not choose the language of messages");
        }
        Ok(())
    }
}

/// What libpq is told where the URL does not say otherwise: a dead server is noticed within a minute, not within hours.
const PG_PARAMETERS: [(&str, &str); 6] = [
    ("connect_timeout", "10"),
    ("keepalives_idle", "30"),
    ("keepalives_interval", "10"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "30000"),
    ("application_name", "doorstep"),
];

/// Adds our defaults to the URL of a PostgreSQL.
pub(crate) fn with_defaults(url: &str) -> String {
    let mut full = url.to_owned();
    for (name, value) in PG_PARAMETERS {
        if !url.contains(&format!("{name}=")) {
            full.push(if full.contains('?') { '&' } else { '?' });
            full.push_str(&format!("{name}={value}"));
        }
    }
    full
}

impl From<EngineConn> for Conn {
    /// A connection outside any store, whose hints nobody hears.
    fn from(engine: EngineConn) -> Self {
        Self::new(engine, Hints::default())
    }
}

impl Conn {
    /// A connection that gives its hints after each commit.
    pub(crate) const fn new(engine: EngineConn, hints: Hints) -> Self {
        Self { engine, hints, moved: BTreeSet::new() }
    }

    /// Gives a hint, if and once the running transaction commits.
    pub fn tell(&mut self, topic: Topic) {
        self.moved.insert(topic);
    }

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

    /// Sets a savepoint inside a transaction; the next rollback is back to here.
    pub(crate) fn begin_nested(&mut self) -> StoreResult<()> {
        use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
        per_backend!(self, c => AnsiTransactionManager::begin_transaction(&mut **c))?;
        Ok(())
    }

    fn begin(&mut self, sqlite: &str, postgres: &str) -> StoreResult<()> {
        use diesel::connection::AnsiTransactionManager;
        // What a transaction that did not commit would have told is not news. What is left from a savepoint that was
        // rolled back may be told: a hint too many is harmless.
        self.moved.clear();
        match &mut self.engine {
            EngineConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(&mut **conn, sqlite)?,
            EngineConn::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(&mut **conn, postgres)?,
        }
        Ok(())
    }

    /// Lets what was written since the savepoint stay; it is durable, and told, with the transaction around it.
    pub(crate) fn commit_nested(&mut self) -> StoreResult<()> {
        use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
        per_backend!(self, c => AnsiTransactionManager::commit_transaction(&mut **c))?;
        Ok(())
    }

    /// Commits the transaction and gives its hints.
    pub(crate) fn commit(&mut self) -> StoreResult<()> {
        self.commit_nested()?;
        self.hints.tell(std::mem::take(&mut self.moved));
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

/// The file as a URI that opens and never makes it (SQLite, "Uniform Resource Identifiers", `mode=rw`): in the place of
/// data that were taken away an empty database would answer as if nothing had ever been captured.
pub(crate) fn existing_file(path: &std::path::Path) -> String {
    let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let authority = if path.starts_with('/') { "//" } else { "" };
    format!("file:{authority}{path}?mode=rw")
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
    fn what_the_url_says_comes_before_our_defaults() {
        let full = with_defaults("postgres://u@h/d?connect_timeout=3");
        assert!(full.starts_with("postgres://u@h/d?connect_timeout=3&keepalives_idle=30&"), "{full}");
        assert_eq!(full.matches("connect_timeout").count(), 1);
        assert!(with_defaults("postgres://u@h/d").starts_with("postgres://u@h/d?connect_timeout=10&"));
    }

    #[test]
    fn any_path_can_be_a_uri() {
        for (path, uri) in [
            ("data/db", "file:data/db?mode=rw"),
            ("/srv/db", "file:///srv/db?mode=rw"),
            ("a?b#c%20d", "file:a%3fb%23c%2520d?mode=rw"),
        ] {
            assert_eq!(existing_file(std::path::Path::new(path)), uri);
        }
    }

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
