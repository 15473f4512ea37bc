//! Backup and restore of a whole installation: the database first, then every blob that it names.
//!
//! A backup is a directory: `backup.json` (written last: without it the backup is not whole), the database, the list
//! of blobs and the blobs. A restore checks every hash before it touches anything, moves what was there aside and
//! begins a new epoch, so that every phone offers again what the backup has not.

mod database;
mod files;
mod make;
mod manifest;
mod restore;
mod sqlite;

use std::path::PathBuf;

use doorstep_store::StoreError;

pub use make::{BackupPlan, MadeBackup, back_up};
pub use restore::{RestorePlan, Restored, restore};

/// Why a backup or restore ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The database failed.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// The application's parts could not be opened.
    #[error("{0}")]
    App(#[from] crate::app::AppError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A program of PostgreSQL failed.
    #[error("{program}: {said}")]
    Program {
        /// Its name.
        program: String,
        /// What it said.
        said: String,
    },
    /// It must not be done as asked.
    #[error("{0}")]
    Refused(String),
}

impl BackupError {
    /// Refuses an installation whose blobs are not in its directory.
    fn unless_directory(config: &crate::config::Config) -> Result<(), Self> {
        let Some(bucket) = &config.s3.bucket else { return Ok(()) };
        Err(Self::Refused(format!(
            "blobs are in the bucket {bucket}: back up the database with its own tools and keep the versions of the \
             bucket (docs/RUNBOOK.md, \"Blobs in a bucket\") / 附件存放在存储桶 {bucket} 中：请用数据库自带工具备份数据库，\
             并保留存储桶的历史版本"
        )))
    }

    /// Names the file an error of the system is about.
    fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

/// Prints how far a long work has come.
pub type Progress<'a> = &'a dyn Fn(&str);
