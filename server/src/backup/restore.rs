//! Restoring a backup: everything is checked first, nothing is overwritten, and a new epoch begins.

use std::path::{Path, PathBuf};

use doorstep_store::DatabaseUrl;
use doorstep_store::backup::PostgresUse;
use doorstep_store::conn::UrlError;
use doorstep_store::restores::{BlobEntry, NewEpoch};
use sync_core::ids::EpochId;
use sync_core::time::UnixMillis;

use super::files::{Way, carry, damaged, hash_of};
use super::manifest::{BLOB_LIST, Manifest, read_list};
use super::{BackupError, Progress, database, sqlite};
use crate::adapters::fs_blobs::{FsBlobs, Sharing};
use crate::boot;
use crate::config::Config;

/// What to restore, and into which installation.
#[derive(Debug, Clone)]
pub struct RestorePlan {
    /// The installation.
    pub config: Config,
    /// The directory of the backup.
    pub directory: PathBuf,
    /// Where the programs of PostgreSQL are, if not on the path.
    pub programs: Option<PathBuf>,
    /// Whether data that are there are moved aside; else they are a reason to refuse.
    pub replaces: bool,
    /// The identity of the restored data.
    pub epoch: EpochId,
    /// Now.
    pub now: UnixMillis,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The new epoch.
    pub epoch: EpochId,
    /// The epoch of the backup.
    pub previous: EpochId,
    /// When the backup was made.
    pub made_at: UnixMillis,
    /// Blobs.
    pub blobs: u64,
    /// Where the data are that were there before.
    pub aside: Option<String>,
}

/// Restores a backup. Blobs come first and change nothing that is there; then the database, at one blow, with its new
/// epoch: no moment shows restored data under the old one, by which phones would take them for whole.
///
/// # Errors
/// [`BackupError`]; then the data are as they were, or, after a kill in the last step, the same command finishes it.
pub async fn restore(plan: &RestorePlan, progress: Progress<'_>) -> Result<Restored, BackupError> {
    BackupError::unless_directory(&plan.config)?;
    let manifest = Manifest::read(&plan.directory)?;
    let blobs = check(plan, &manifest, progress)?;
    let url: DatabaseUrl =
        plan.config.database_url.parse().map_err(|error: UrlError| BackupError::Refused(error.to_string()))?;
    let root = plan.config.data_dir.join("blobs");
    // Held until the end: a server that runs on this directory keeps us out, and we keep one out.
    let lock = FsBlobs::open(&root, "restore", Sharing::Alone).map_err(crate::app::AppError::from)?;
    let mut place = Place::find(&url)?;
    let aside = target(plan, &manifest, &mut place)?;
    progress(&format!("bringing back {} blobs", blobs.len()));
    carry(&plan.directory.join("blobs"), &root, &blobs, Way::Copy, progress)?;
    progress("bringing back the database");
    let dump = plan.directory.join(&manifest.database);
    let epoch = NewEpoch { id: plan.epoch, created_at_ms: plan.now.0, backup_made_at_ms: manifest.made_at_ms };
    match &mut place {
        Place::Sqlite(path) => sqlite::place(&epoch, &dump, path, aside.as_deref())?,
        Place::Postgres(url, used) => {
            // The blobs took long: whoever came meanwhile would go on with data that are no more.
            require_unused(used)?;
            let (programs, aside) = (plan.programs.as_deref(), aside.as_deref());
            // What cannot be read is kept all the same.
            let given = used.next_numbers().unwrap_or_default();
            database::load_postgres(url, programs, &dump, aside, &epoch, &given)?;
            // Every start of a server migrates as well: whoever ends us here loses nothing.
            boot::open_store(&plan.config).await?;
        }
    }
    drop(lock);
    let (epoch, previous, made_at) = (plan.epoch, manifest.epoch, UnixMillis(manifest.made_at_ms));
    Ok(Restored { epoch, previous, made_at, blobs: manifest.blobs, aside })
}

/// Checks the backup from end to end; gives its blobs.
fn check(plan: &RestorePlan, manifest: &Manifest, progress: Progress<'_>) -> Result<Vec<BlobEntry>, BackupError> {
    progress("checking the backup");
    let whole = [(manifest.database.as_str(), manifest.database_sha256), (BLOB_LIST, manifest.blob_list_sha256)];
    for (file, sha256) in whole {
        if hash_of(&plan.directory.join(file))? != sha256 {
            return Err(BackupError::Refused(format!("{file} of the backup is damaged: nothing was restored")));
        }
    }
    let blobs = read_list(&plan.directory)?;
    let damaged = damaged(&plan.directory.join("blobs"), &blobs, progress);
    if damaged.is_empty() {
        return Ok(blobs);
    }
    let names: Vec<String> = damaged.iter().take(20).map(ToString::to_string).collect();
    let count = damaged.len();
    Err(BackupError::Refused(format!(
        "{count} blobs of the backup are missing or damaged, nothing was restored: {}",
        names.join(", ")
    )))
}

/// The database to restore into.
enum Place<'a> {
    Sqlite(&'a Path),
    /// Watched on one connection until the end: one that was just closed still counts for a moment.
    Postgres(&'a str, PostgresUse),
}

impl<'a> Place<'a> {
    fn find(url: &'a DatabaseUrl) -> Result<Self, BackupError> {
        Ok(match url {
            DatabaseUrl::Sqlite(path) => Self::Sqlite(path),
            DatabaseUrl::Postgres(url) => Self::Postgres(url, PostgresUse::open(url)?),
        })
    }
}

fn require_unused(used: &mut PostgresUse) -> Result<(), BackupError> {
    match used.others()? {
        0 => Ok(()),
        others => {
            let text = format!("{others} other connections use the database: stop every server first");
            Err(BackupError::Refused(text))
        }
    }
}

/// Looks at the place to restore into; gives the name under which data that are there are kept.
fn target(plan: &RestorePlan, manifest: &Manifest, place: &mut Place<'_>) -> Result<Option<String>, BackupError> {
    let refused = |text: String| Err(BackupError::Refused(text));
    let (engine, is_used) = match place {
        Place::Sqlite(path) => ("sqlite", !sqlite::files_of(path).is_empty()),
        Place::Postgres(_, used) => {
            require_unused(used)?;
            ("postgres", used.tables()? > 0)
        }
    };
    if manifest.engine != engine {
        return refused(format!("the backup is of {}, and DATABASE_URL names {engine}", manifest.engine));
    }
    match (is_used, plan.replaces) {
        (false, _) => Ok(None),
        (true, true) => {
            let fresh = format!("{}{}", sqlite::ASIDE, plan.now.0);
            match place {
                Place::Sqlite(path) => sqlite::aside_of(path, fresh).map(Some),
                Place::Postgres(..) => Ok(Some(fresh)),
            }
        }
        (true, false) => refused(format!(
            "there are data already{}; with --replace they are moved aside and the backup takes their place",
            match place {
                Place::Sqlite(path) => format!(" ({})", sqlite::names_of(path)),
                Place::Postgres(..) => String::new(),
            }
        )),
    }
}
