//! What can go wrong in the database, independent of the engine.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Result of a query function.
pub type StoreResult<T> = Result<T, StoreError>;

/// A failed query or transaction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A row that must exist does not.
    #[error("row not found")]
    NotFound,
    /// A unique, foreign or check constraint refused the row.
    #[error("constraint {constraint} refused the row")]
    Conflict {
        /// Name of the constraint, or the columns, as the engine reports them.
        constraint: String,
    },
    /// The row was changed by somebody else since it was read.
    #[error("stale version of a row")]
    Stale,
    /// No connection was free in time, or the engine was busy.
    #[error("database busy")]
    Busy,
    /// Stored data cannot be read; never replaced by a default.
    #[error("corrupt {table} row {id}: {what}")]
    Corrupt {
        /// Table of the row; `unnamed` where a column is all that is known.
        table: &'static str,
        /// Key of the row.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// Another transaction won; the closure may run again.
    #[error("transaction must be retried")]
    Retry(#[source] DieselError),
    /// The closure panicked; nothing was written.
    #[error("a database closure panicked")]
    Panicked,
    /// Anything else the engine reports.
    #[error("database error")]
    Db(#[source] DieselError),
    /// The database could not be opened or migrated.
    #[error("cannot open the database: {0}")]
    Open(String),
}

impl StoreError {
    /// Whether running the transaction again may succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Retry(_))
    }

    /// Whether there was no room to write.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Db(DieselError::DatabaseError(_, info)) if has_any(info.message(), &FULL))
    }

    /// Whether the database as a whole cannot be used now; no statement is to blame.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Busy | Self::Retry(_) | Self::Open(_) => true,
            Self::Db(DieselError::BrokenTransactionManager | DieselError::RollbackErrorOnCommit { .. }) => true,
            Self::Db(DieselError::DatabaseError(kind, info)) => {
                matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::ReadOnlyTransaction)
                    || self.is_disk_full()
                    || has_any(info.message(), &AWAY)
            }
            _ => false,
        }
    }
}

/// What the engines say of a full disk; they give no kind of their own.
const FULL: [&str; 2] = ["disk is full", "No space left on device"];

/// What they say of a broken disk and of a server that stops.
const AWAY: [&str; 14] = [
    "disk I/O error",
    "unable to open database file",
    "readonly database",
    "server closed the connection",
    "terminating connection",
    "too many clients",
    // libpq, of a connection that is gone.
    "no connection to the server",
    "connection to server",
    "could not receive data",
    "could not send data",
    "SSL connection has been closed",
    "SSL SYSCALL error",
    // A server that starts or stops.
    "the database system is",
    // Our own patience, see `PG_SETTINGS`.
    "canceling statement due to",
];

fn has_any(text: &str, signs: &[&str]) -> bool {
    signs.iter().any(|sign| text.contains(sign))
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(kind, ref info) => match kind {
                DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::NotNullViolation => Self::Conflict {
                    constraint: info.constraint_name().map_or_else(|| info.message().to_owned(), str::to_owned),
                },
                DatabaseErrorKind::SerializationFailure => Self::Retry(error),
                _ if info.message().contains("deadlock detected") => Self::Retry(error),
                _ if info.message().contains("database is locked") => Self::Busy,
                _ => Self::Db(error),
            },
            // It names the column: what cannot be parsed is what is stored there.
            DieselError::DeserializationError(error) => {
                Self::Corrupt { table: "unnamed", id: "unknown".to_owned(), what: error.to_string() }
            }
            other => Self::Db(other),
        }
    }
}

/// Lets [`Store::write`](crate::Store::write) see a store error inside the caller's own error type.
pub trait AsStoreError: From<StoreError> {
    /// The store error, if that is what failed.
    fn as_store_error(&self) -> Option<&StoreError>;
}

impl AsStoreError for StoreError {
    fn as_store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

/// Turns "rows affected" into an error unless exactly one row changed.
///
/// # Errors
/// [`StoreError::Stale`] if none or several rows matched.
pub fn expect_one(affected: usize) -> StoreResult<()> {
    if affected == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(message: &str) -> StoreError {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned())).into()
    }

    #[test]
    fn a_full_disk_is_an_outage_and_a_refused_row_is_not() {
        assert!(unknown("database or disk is full").is_outage());
        assert!(unknown("could not extend file \"base/1/2\": No space left on device").is_outage());
        assert!(unknown("database or disk is full").is_disk_full() && !unknown("disk I/O error").is_disk_full());
        assert!(StoreError::Busy.is_outage());
        assert!(!unknown("not this one").is_outage());
        assert!(!StoreError::Panicked.is_outage());
        assert!(!StoreError::Corrupt { table: "documents", id: String::new(), what: String::new() }.is_outage());
    }
}
