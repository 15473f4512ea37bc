//! A database that is prepared once per process and copied for every test.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Cluster, Engine, Place, TestDb, TestDbError};

/// Prepares a database at a URL, usually by running the migrations.
///
/// It must close every connection before it returns: PostgreSQL copies only a database that nobody uses.
pub type Prepare = fn(url: &str) -> Result<(), String>;

/// A prepared database from which tests copy theirs.
///
/// Declared as a `static`, it is prepared by the first test that needs it.
#[derive(Debug)]
pub struct Template {
    prepare: Prepare,
    prepared: OnceLock<Result<Source, String>>,
}

/// Where the prepared database is.
#[derive(Debug)]
enum Source {
    /// The bytes of a SQLite file, kept in memory: nothing is left behind by a `static`, which is never dropped.
    File(Vec<u8>),
    /// The name of a database in the cluster.
    Database(String),
}

impl Template {
    /// Names the function that prepares the database.
    #[must_use]
    pub const fn new(prepare: Prepare) -> Self {
        Self { prepare, prepared: OnceLock::new() }
    }

    /// Copies the prepared database; the first call prepares it.
    ///
    /// # Errors
    /// Why it could not be prepared or copied; a failed preparation is not repeated.
    /// # Concurrency
    /// Callers wait for the first one.
    pub fn copy(&self) -> Result<TestDb, TestDbError> {
        let prepared = self.prepared.get_or_init(|| self.make().map_err(|error| error.to_string()));
        match prepared.as_ref().map_err(|reason| TestDbError::Earlier(reason.clone()))? {
            Source::File(bytes) => {
                let db = TestDb::own_sqlite()?;
                let file = sqlite_file(&db);
                fs::write(&file, bytes).map_err(|source| TestDbError::io("write", &file, source))?;
                Ok(db)
            }
            Source::Database(name) => TestDb::try_postgres(Some(name)),
        }
    }

    fn make(&self) -> Result<Source, TestDbError> {
        match Engine::chosen() {
            Engine::Sqlite => {
                let db = TestDb::own_sqlite()?;
                (self.prepare)(db.url()).map_err(TestDbError::Prepare)?;
                let file = sqlite_file(&db);
                // The last connection to close has moved everything from the write-ahead log into the file.
                let bytes = fs::read(&file).map_err(|source| TestDbError::io("read", &file, source))?;
                Ok(Source::File(bytes))
            }
            Engine::Postgres => {
                let cluster = Cluster::of_this_process()?;
                let name = super::unique_name("template").replace('-', "_");
                cluster.create_database(&name, None)?;
                (self.prepare)(&cluster.url(&name)).map_err(TestDbError::Prepare)?;
                Ok(Source::Database(name))
            }
        }
    }
}

fn sqlite_file(db: &TestDb) -> PathBuf {
    match &db.place {
        Place::Directory(directory) => directory.join("doorstep.sqlite"),
        Place::Borrowed | Place::Database(_) => PathBuf::from(db.url().trim_start_matches("sqlite://")),
    }
}
