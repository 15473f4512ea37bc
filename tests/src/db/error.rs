//! Why a test database could not be had, in words that say what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no test database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestDbError {
    /// PostgreSQL is not installed, or not where it is looked for.
    #[error(
        "PostgreSQL's programs `initdb` and `postgres` were not found together in $PG_BIN, $PATH, \
         /usr/lib/postgresql/*/bin or /usr/local/bin; run `scripts/postgres`, which installs them or says what is missing"
    )]
    BinariesMissing,
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    InitDb {
        /// What it printed.
        output: String,
    },
    /// The server ended or did not become ready.
    #[error("the throw-away PostgreSQL did not become ready: {log}")]
    NotReady {
        /// The end of its log.
        log: String,
    },
    /// The socket's path is longer than the operating system allows.
    #[error("{} is too deep for a Unix socket; set TMPDIR to a shorter directory", .0.display())]
    SocketPath(PathBuf),
    /// A path is not UTF-8.
    #[error("{} is not UTF-8, so no URL can name it", .0.display())]
    Path(PathBuf),
    /// No unprivileged user to run PostgreSQL as, which refuses to run as root.
    #[error("running as root, and /etc/passwd has neither `postgres` nor `nobody` to run PostgreSQL as")]
    NoUser,
    /// A file operation failed.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// The cluster refused a connection.
    #[error("cannot connect to the throw-away PostgreSQL")]
    Connect(#[from] diesel::ConnectionError),
    /// The cluster refused a statement.
    #[error("the throw-away PostgreSQL refused `{statement}`")]
    Statement {
        /// The statement.
        statement: String,
        /// The server's reason.
        #[source]
        source: diesel::result::Error,
    },
    /// The first attempt of this process failed; every later test gets the same answer.
    #[error("{0}")]
    Earlier(String),
    /// The template's own set-up failed.
    #[error("the template database could not be prepared: {0}")]
    Prepare(String),
}

impl TestDbError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}
