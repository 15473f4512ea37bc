//! Making a backup beside a running server.

use std::path::PathBuf;

use doorstep_store::DatabaseUrl;
use doorstep_store::conn::UrlError;
use sync_core::time::UnixMillis;

use super::files::{Way, carry, damaged, hash_of, sync_directory};
use super::manifest::{BLOB_LIST, Manifest, write_list};
use super::{BackupError, Progress, database};
use crate::boot;
use crate::config::Config;

/// What to back up, and where to.
#[derive(Debug, Clone)]
pub struct BackupPlan {
    /// The installation.
    pub config: Config,
    /// The directory to write; it must not exist, or be empty.
    pub directory: PathBuf,
    /// Where the programs of PostgreSQL are, if not on the path.
    pub programs: Option<PathBuf>,
    /// Whether blobs are copied where they could be linked.
    pub copies: bool,
    /// Now.
    pub now: UnixMillis,
}

/// What was backed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeBackup {
    /// Blobs.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
}

/// Makes a backup: the database as it is at one instant, then the blobs that it names.
///
/// A blob is durable before the database names it, so none of them can be missing.
///
/// # Errors
/// [`BackupError`]; what was written then is no backup, because it has no description.
pub async fn back_up(plan: &BackupPlan, progress: Progress<'_>) -> Result<MadeBackup, BackupError> {
    BackupError::unless_directory(&plan.config)?;
    let directory = &plan.directory;
    take_empty(directory)?;
    progress("copying the database");
    let url: DatabaseUrl =
        plan.config.database_url.parse().map_err(|error: UrlError| BackupError::Refused(error.to_string()))?;
    let (engine, file, copied) = match &url {
        DatabaseUrl::Sqlite(path) if !path.exists() => {
            return Err(BackupError::Refused(format!("there is no database at {}", path.display())));
        }
        DatabaseUrl::Sqlite(path) => ("sqlite", database::SQLITE_FILE, database::copy_sqlite(path, directory)?),
        DatabaseUrl::Postgres(url) => {
            let store = boot::open_for_reading(&plan.config).await?;
            let copied = database::dump_postgres(&store, url, plan.programs.clone(), directory).await?;
            ("postgres", database::POSTGRES_FILE, copied)
        }
    };
    let blobs = copied.blobs;
    progress(&format!("{} blobs to keep", blobs.len()));
    write_list(directory, &blobs)?;
    let (from, to) = (plan.config.data_dir.join("blobs"), directory.join("blobs"));
    std::fs::create_dir_all(&to).map_err(BackupError::file(&to))?;
    carry(&from, &to, &blobs, if plan.copies { Way::Copy } else { Way::Link }, progress)?;
    let damaged = damaged(&to, &blobs, progress);
    if let Some(first) = damaged.first() {
        return Err(BackupError::Refused(format!(
            "{} blobs are damaged, the first is {first}; `doorstep verify` names all of them",
            damaged.len()
        )));
    }
    sync_directory(directory).map_err(BackupError::file(directory))?;
    let blob_bytes = blobs.iter().filter_map(|blob| u64::try_from(blob.bytes).ok()).sum();
    let made = MadeBackup { blobs: u64::try_from(blobs.len()).unwrap_or(u64::MAX), blob_bytes };
    let manifest = Manifest {
        v: Manifest::version(),
        made_at_ms: plan.now.0,
        epoch: copied.epoch,
        engine: engine.to_owned(),
        database: file.to_owned(),
        database_sha256: hash_of(&directory.join(file))?,
        blob_list_sha256: hash_of(&directory.join(BLOB_LIST))?,
        blobs: made.blobs,
        blob_bytes,
    };
    manifest.write(directory)?;
    Ok(made)
}

/// Makes the directory, or takes it if it is empty.
fn take_empty(directory: &std::path::Path) -> Result<(), BackupError> {
    std::fs::create_dir_all(directory).map_err(BackupError::file(directory))?;
    let mut entries = std::fs::read_dir(directory).map_err(BackupError::file(directory))?;
    if entries.next().is_some() {
        return Err(BackupError::Refused(format!("{} is not empty", directory.display())));
    }
    Ok(())
}
