//! A fresh database and data directory for one scenario; both vanish with the value.

use std::fs;
use std::path::PathBuf;

/// Where the data of a scenario lie.
pub struct Database {
    /// In the form of `DATABASE_URL`.
    pub url: String,
    /// Blobs and logs.
    pub directory: PathBuf,
    #[cfg(feature = "postgres")]
    _cluster: Option<integration_tests::db::TestDb>,
}

impl Database {
    /// Makes an empty database of this kind: `sqlite` or `postgres`.
    pub fn new(kind: &str) -> Self {
        // Below the build directory, so that it lies on a disk and not in memory.
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("a directory for the data");
        match kind {
            "sqlite" => Self {
                url: format!("sqlite://{}", directory.join("doorstep.sqlite").display()),
                directory,
                #[cfg(feature = "postgres")]
                _cluster: None,
            },
            #[cfg(feature = "postgres")]
            "postgres" => {
                let database = integration_tests::db::TestDb::postgres();
                Self { url: database.url().to_owned(), directory, _cluster: Some(database) }
            }
            other => panic!("--database {other} is not built in; see `make bench-postgres`"),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
