//! What a backup holds: `backup.json` and the list of blobs.

use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use doorstep_store::restores::BlobEntry;
use serde::{Deserialize, Serialize};
use sync_core::bytes::Hash;
use sync_core::ids::{EpochId, OrgId};

use super::BackupError;
use super::files::sync_directory;

/// The description of the whole.
pub(super) const MANIFEST: &str = "backup.json";
/// The list of blobs, one JSON object a line.
pub(super) const BLOB_LIST: &str = "blobs.jsonl";
/// The version of the form.
const VERSION: u32 = 1;

/// The description of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Version of this form.
    pub v: u32,
    /// When the copy of the database was begun, in milliseconds.
    pub made_at_ms: i64,
    /// The epoch of the data.
    pub epoch: EpochId,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// File of the database.
    pub database: String,
    /// Its SHA-256.
    pub database_sha256: Hash,
    /// SHA-256 of the list of blobs.
    pub blob_list_sha256: Hash,
    /// Blobs.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
}

impl Manifest {
    /// A description in the present form.
    pub(super) const fn version() -> u32 {
        VERSION
    }

    /// Writes the description; its presence says that the backup is whole.
    pub(super) fn write(&self, directory: &Path) -> Result<(), BackupError> {
        let (path, partial) = (directory.join(MANIFEST), directory.join("backup.json.partial"));
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let write = || {
            let mut file = std::fs::File::create(&partial)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&partial, &path)?;
            sync_directory(directory)
        };
        write().map_err(BackupError::file(&path))
    }

    /// Reads the description of a whole backup.
    pub(super) fn read(directory: &Path) -> Result<Self, BackupError> {
        let path = directory.join(MANIFEST);
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => BackupError::Refused(format!(
                "{} is no backup, or one that was not finished: it has no {MANIFEST}",
                directory.display()
            )),
            _ => BackupError::file(&path)(error),
        })?;
        let odd = |error: String| BackupError::Refused(format!("{}: {error}", path.display()));
        let manifest: Self = serde_json::from_str(&text).map_err(|error| odd(error.to_string()))?;
        if manifest.v == VERSION { Ok(manifest) } else { Err(odd(format!("version {} is unknown", manifest.v))) }
    }
}

/// One line of the list of blobs.
#[derive(Serialize, Deserialize)]
struct Line {
    org: OrgId,
    sha256: Hash,
    bytes: i64,
}

/// Writes the list of blobs.
pub(super) fn write_list(directory: &Path, blobs: &[BlobEntry]) -> Result<(), BackupError> {
    let path = directory.join(BLOB_LIST);
    let write = || {
        let mut out = BufWriter::new(std::fs::File::create(&path)?);
        for blob in blobs {
            serde_json::to_writer(&mut out, &Line { org: blob.org, sha256: blob.sha256, bytes: blob.bytes })?;
            out.write_all(b"\n")?;
        }
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
    };
    write().map_err(BackupError::file(&path))
}

/// Reads the list of blobs.
pub(super) fn read_list(directory: &Path) -> Result<Vec<BlobEntry>, BackupError> {
    let path = directory.join(BLOB_LIST);
    let file = std::fs::File::open(&path).map_err(BackupError::file(&path))?;
    let mut blobs = Vec::new();
    for line in BufReader::new(file).lines() {
        let line = line.map_err(BackupError::file(&path))?;
        let Line { org, sha256, bytes } = serde_json::from_str(&line)
            .map_err(|error| BackupError::Refused(format!("{}: {error}", path.display())))?;
        blobs.push(BlobEntry { org, sha256, bytes });
    }
    Ok(blobs)
}
