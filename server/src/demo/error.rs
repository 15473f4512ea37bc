//! Why demo data cannot be put in.

use crate::app::AppError;

/// A failed seeding.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The database belongs to somebody else.
    #[error("the database holds an organisation that is no demo; demo data need a database of their own")]
    ForeignData,
    /// The application refused or failed.
    #[error(transparent)]
    App(#[from] AppError),
}
