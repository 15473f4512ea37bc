//! A database of its own for every test, on the engine that this run is about.
//!
//! Owns the choice of the engine, the throw-away PostgreSQL cluster and the life of each test database.
//! It must not know of tables: the caller migrates the empty database it gets.

mod binaries;
mod cluster;
mod error;
mod migrated;
pub mod paused;
mod stored;
mod template;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, process};

pub use cluster::Cluster;
pub use error::TestDbError;
pub use migrated::with_conn;
pub use stored::{check_integrity, count, renamed};
pub(crate) use stored::{heads, number};
pub use template::Template;

/// The variable that chooses the engine: `sqlite` (also when absent) or `postgres`.
pub const ENGINE_VARIABLE: &str = "DOORSTEP_TEST_DATABASE";

/// The database engine under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in a private directory.
    Sqlite,
    /// A database in the throw-away cluster of this process.
    Postgres,
}

impl Engine {
    /// Returns the engine that [`ENGINE_VARIABLE`] names.
    ///
    /// # Panics
    /// If the variable names anything else: a run must never test another engine than it says.
    #[must_use]
    pub fn chosen() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place where the harness reads its configuration")]
        let named = env::var(ENGINE_VARIABLE);
        match named.as_deref() {
            Err(env::VarError::NotPresent) | Ok("sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            other => panic!("{ENGINE_VARIABLE} must be \"sqlite\" or \"postgres\", it is {other:?}"),
        }
    }
}

/// A database for one test, empty or copied from a [`Template`]; it vanishes with this value.
#[derive(Debug)]
pub struct TestDb {
    url: String,
    place: Place,
}

/// What has to be removed at the end.
#[derive(Debug)]
enum Place {
    /// The caller's directory: the caller removes it.
    Borrowed,
    /// A directory of our own.
    Directory(PathBuf),
    /// A database of this name in the cluster.
    Database(String),
}

impl TestDb {
    /// Makes an empty database on the engine under test.
    ///
    /// # Panics
    /// With instructions, if the engine is not to be had. A test never skips because of that.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "making a database is no default")]
    pub fn new() -> Self {
        match Engine::chosen() {
            Engine::Sqlite => Self::own_sqlite().unwrap_or_else(|error| panic!("{error}")),
            Engine::Postgres => Self::postgres(),
        }
    }

    /// Names a SQLite file in the caller's directory; whoever opens it creates it.
    ///
    /// # Panics
    /// If the path is not UTF-8, which a URL cannot express.
    #[must_use]
    pub fn sqlite(directory: &Path) -> Self {
        let url = sqlite_url(directory).unwrap_or_else(|error| panic!("{error}"));
        Self { url, place: Place::Borrowed }
    }

    /// Makes an empty database in the PostgreSQL cluster of this process, which starts with the first call.
    ///
    /// # Panics
    /// With instructions, if PostgreSQL's binaries are missing or do not start.
    #[must_use]
    pub fn postgres() -> Self {
        Self::try_postgres(None).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Makes a database on the engine under test that starts as a copy of the template.
    ///
    /// # Panics
    /// As [`TestDb::new`].
    #[must_use]
    pub fn copy_of(template: &Template) -> Self {
        template.copy().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the address in the form of `DATABASE_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn own_sqlite() -> Result<Self, TestDbError> {
        let directory = env::temp_dir().join(unique_name("doorstep-test"));
        fs::create_dir(&directory).map_err(|source| TestDbError::io("create", &directory, source))?;
        let url = sqlite_url(&directory)?;
        Ok(Self { url, place: Place::Directory(directory) })
    }

    fn try_postgres(template: Option<&str>) -> Result<Self, TestDbError> {
        let cluster = Cluster::of_this_process()?;
        let name = unique_name("test").replace('-', "_");
        cluster.create_database(&name, template)?;
        Ok(Self { url: cluster.url(&name), place: Place::Database(name) })
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let removed = match &self.place {
            Place::Borrowed => Ok(()),
            Place::Directory(directory) => {
                fs::remove_dir_all(directory).map_err(|source| TestDbError::io("remove", directory, source))
            }
            Place::Database(name) => Cluster::of_this_process().and_then(|cluster| cluster.drop_database(name)),
        };
        // A test that already failed must show its own reason, so this one is only printed.
        if let Err(error) = removed {
            eprintln!("the test database at {} was not removed: {error}", self.url);
        }
    }
}

/// Every SQLite test database has the same name in a directory of its own.
fn sqlite_url(directory: &Path) -> Result<String, TestDbError> {
    let file = directory.join("doorstep.sqlite");
    let path = file.to_str().ok_or_else(|| TestDbError::Path(file.clone()))?;
    Ok(format!("sqlite://{path}"))
}

/// A name that no other test of this machine uses: process id and a counter.
pub(crate) fn unique_name(prefix: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{prefix}-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests;
