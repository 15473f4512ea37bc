//! Files of a backup: hashed, copied, linked, durable.

use std::io::Read as _;
use std::path::Path;

use doorstep_store::restores::BlobEntry;
use sha2::{Digest as _, Sha256};
use sync_core::bytes::Hash;

use super::{BackupError, Progress};
use crate::adapters::fs_objects::{publish, relative_path};

/// Bytes read at once.
const PIECE: usize = 256 * 1024;

/// The hash of a file.
pub(crate) fn hash_of(path: &Path) -> Result<Hash, BackupError> {
    let read = || {
        let mut file = std::fs::File::open(path)?;
        let mut hasher = Sha256::new();
        let mut piece = vec![0; PIECE];
        loop {
            let count = file.read(&mut piece)?;
            match piece.get(..count) {
                Some(bytes) if count > 0 => hasher.update(bytes),
                _ => return Ok(Hash(hasher.finalize().into())),
            }
        }
    };
    read().map_err(BackupError::file(path))
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}

/// Copies a file and makes its content durable.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let copied = || {
        std::fs::copy(from, to)?;
        std::fs::File::open(to)?.sync_all()
    };
    copied().map_err(BackupError::file(from))
}

/// Which blobs of a list are not what their names say, below a root.
pub(super) fn damaged(root: &Path, blobs: &[BlobEntry], progress: Progress<'_>) -> Vec<Hash> {
    let mut found = Vec::new();
    for (number, blob) in blobs.iter().enumerate() {
        tell(progress, "checked", number, blobs.len());
        if hash_of(&root.join(relative_path(blob.org, blob.sha256))).ok() != Some(blob.sha256) {
            found.push(blob.sha256);
        }
    }
    found
}

/// How blobs come into another directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// One content under two names where the file system can, else a copy.
    Link,
    /// A copy.
    Copy,
}

/// Brings blobs from one root below another, each under its final name only once it is durable.
pub(super) fn carry(
    from: &Path,
    to: &Path,
    blobs: &[BlobEntry],
    way: Way,
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let incoming = to.join("carried.partial");
    for (number, blob) in blobs.iter().enumerate() {
        tell(progress, "copied", number, blobs.len());
        let name = relative_path(blob.org, blob.sha256);
        let (source, target) = (from.join(&name), to.join(&name));
        // A leftover of a run that was killed.
        let _ = std::fs::remove_file(&incoming);
        if way == Way::Copy || std::fs::hard_link(&source, &incoming).is_err() {
            copy(&source, &incoming)?;
        }
        publish(&incoming, &target).map_err(BackupError::file(&target))?;
    }
    Ok(())
}

/// Tells the progress now and then.
fn tell(progress: Progress<'_>, what: &str, done: usize, all: usize) {
    const EVERY: usize = 1_000;
    if done > 0 && done.is_multiple_of(EVERY) {
        progress(&format!("{what} {done} of {all} blobs"));
    }
}
