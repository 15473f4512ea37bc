//! Blobs in a local directory: hashed while written, synced before they count.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use tokio::fs;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::fs_parts::{Part, Parts};
use crate::ports::blobs::{BlobError, BlobFuture, BlobStore, BlobWriter, UploadKey};

/// Name of the file that a process holds locked in its directory of unfinished files.
const OWNER: &str = "owner";

/// Stores blobs under `o/<org>/sha256/ab/cd/<hex>` (design section 4).
#[derive(Debug)]
pub struct FsBlobs {
    root: PathBuf,
    /// Unfinished files of this process that can be made anew.
    incoming: PathBuf,
    /// Held as long as the store is open: on the root, and on the directory of unfinished files.
    _locks: [std::fs::File; 2],
    parts: Arc<Parts>,
    /// Distinguishes unfinished files of one process; leftovers of a killed one are removed at the next start.
    next: AtomicU64,
}

/// How many processes may have the directory open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// One: its database belongs to it alone.
    Alone,
    /// Those of one database server.
    Nodes,
}

impl FsBlobs {
    /// Opens the directory for a process with a name of its own; unfinished files of killed processes are removed.
    ///
    /// # Errors
    /// If the directory cannot be made, or another process has it open that does not share it.
    ///
    /// # Concurrency
    /// The operating system releases the locks when the process ends, however it ends.
    pub fn open(root: &Path, process: &str, sharing: Sharing) -> Result<Self, BlobError> {
        std::fs::create_dir_all(root).map_err(io_error)?;
        let lock = std::fs::File::create(root.join("lock")).map_err(io_error)?;
        let locked = match sharing {
            Sharing::Alone => lock.try_lock(),
            Sharing::Nodes => lock.try_lock_shared(),
        };
        locked.map_err(|_held| {
            let message = format!("{} is in use by another process", root.display());
            BlobError::Io(std::io::Error::new(std::io::ErrorKind::ResourceBusy, message))
        })?;
        let (incoming, own) = claim_incoming(root, process).map_err(io_error)?;
        sync_directory(root).map_err(io_error)?;
        let parts = Arc::new(Parts::new(root.join("parts")));
        Ok(Self { root: root.to_owned(), incoming, _locks: [lock, own], parts, next: AtomicU64::new(0) })
    }

    fn path(&self, org: OrgId, sha256: Hash) -> PathBuf {
        self.root.join(relative_path(org, sha256))
    }

    fn derived_path(&self, org: OrgId, name: &str) -> PathBuf {
        self.root.join("o").join(org.to_string()).join("derived").join(name)
    }
}

/// Makes this process's directory of unfinished files and removes those of processes that are gone.
///
/// One process at a time does this, so that none sees a directory between its making and its locking.
fn claim_incoming(root: &Path, process: &str) -> std::io::Result<(PathBuf, std::fs::File)> {
    let gate = std::fs::File::create(root.join("gate"))?;
    gate.lock()?;
    let all = root.join("incoming");
    std::fs::create_dir_all(&all)?;
    for entry in std::fs::read_dir(&all)? {
        let path = entry?.path();
        let owner = std::fs::File::open(path.join(OWNER));
        if path.is_file() {
            std::fs::remove_file(path)?;
        } else if owner.is_ok_and(|owner| owner.try_lock().is_err()) {
            // Its process lives.
        } else {
            std::fs::remove_dir_all(path)?;
        }
    }
    let own = all.join(process);
    std::fs::create_dir_all(&own)?;
    let owner = std::fs::File::create(own.join(OWNER))?;
    owner.lock()?;
    Ok((own, owner))
}

/// Where a blob is below the root.
pub(crate) fn relative_path(org: OrgId, sha256: Hash) -> PathBuf {
    let hex = sha256.to_string();
    let (first, rest) = hex.split_at(2);
    let (second, _) = rest.split_at(2);
    ["o", &org.to_string(), "sha256", first, second, &hex].iter().collect()
}

pub(super) fn io_error(error: std::io::Error) -> BlobError {
    match error.kind() {
        std::io::ErrorKind::NotFound => BlobError::NotFound,
        _ => BlobError::of_io(error),
    }
}

pub(super) fn sync_directory(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}

/// Does what blocks on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(f).await.map_err(|error| BlobError::Io(std::io::Error::other(error)))?
}

struct FsWriter {
    file: fs::File,
    path: PathBuf,
    parts: Arc<Parts>,
    key: UploadKey,
    target: PathBuf,
    hasher: Sha256,
    bytes: u64,
}

impl BlobWriter for FsWriter {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BlobFuture<'a, ()> {
        Box::pin(async move {
            self.hasher.update(bytes);
            self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            self.file.write_all(bytes).await.map_err(io_error)
        })
    }

    fn finish(mut self: Box<Self>) -> BlobFuture<'static, u64> {
        Box::pin(async move {
            let actual = Hash(self.hasher.clone().finalize().into());
            if actual != self.key.sha256 {
                // Which try brought the wrong bytes, nobody can tell.
                self.parts.forget(self.key);
                return Err(BlobError::HashMismatch { actual });
            }
            self.file.flush().await.map_err(io_error)?;
            self.file.sync_all().await.map_err(io_error)?;
            let (parts, key, bytes) = (Arc::clone(&self.parts), self.key, self.bytes);
            let (path, target) = (self.path.clone(), self.target.clone());
            blocking(move || {
                publish(&path, &target).map_err(io_error)?;
                parts.forget(key);
                Ok(bytes)
            })
            .await
        })
    }

    fn keep(mut self: Box<Self>) -> BlobFuture<'static, ()> {
        Box::pin(async move { self.file.flush().await.map_err(io_error) })
    }

    fn discard(self: Box<Self>) {
        // A leftover costs room only, until it is old enough.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Drop for FsWriter {
    fn drop(&mut self) {
        if self.bytes == 0 {
            // Nothing to go on from; published under its name, it is not here any more.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Directories between a blob and the root: `o/<org>/sha256/ab/cd`.
const DIRECTORIES: usize = 5;

/// Moves a synced file to its name and makes the directory entries durable.
///
/// Every directory up to the root is synced, also those another upload has just made: its sync may not have
/// happened yet.
pub(crate) fn publish(incoming: &Path, target: &Path) -> std::io::Result<()> {
    if let Some(directory) = target.parent() {
        std::fs::create_dir_all(directory)?;
    }
    match std::fs::rename(incoming, target) {
        // Another upload of the same bytes was finished meanwhile, and took this try for a leftover.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && target.exists() => {}
        renamed => renamed?,
    }
    for directory in target.ancestors().skip(1).take(DIRECTORIES + 1) {
        sync_directory(directory)?;
    }
    Ok(())
}

impl BlobStore for FsBlobs {
    fn begin(&self, key: UploadKey, from: u64) -> BlobFuture<'_, Box<dyn BlobWriter>> {
        Box::pin(async move {
            let parts = Arc::clone(&self.parts);
            let Part { file, path, hasher, bytes } = blocking(move || parts.begin(key, from)).await?;
            let (file, parts) = (fs::File::from_std(file), Arc::clone(&self.parts));
            let target = self.path(key.org, key.sha256);
            let writer: Box<dyn BlobWriter> = Box::new(FsWriter { file, path, parts, key, target, hasher, bytes });
            Ok(writer)
        })
    }

    fn received(&self, key: UploadKey) -> BlobFuture<'_, u64> {
        let parts = Arc::clone(&self.parts);
        Box::pin(blocking(move || parts.received(key).map_err(io_error)))
    }

    fn forget_parts(&self, unchanged_for: Duration) -> BlobFuture<'_, usize> {
        let parts = Arc::clone(&self.parts);
        Box::pin(blocking(move || parts.forget_unchanged(unchanged_for).map_err(io_error)))
    }

    fn read(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move { fs::read(self.path(org, sha256)).await.map_err(io_error) })
    }

    fn open(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, std::fs::File> {
        let path = self.path(org, sha256);
        Box::pin(blocking(move || std::fs::File::open(path).map_err(io_error)))
    }

    fn read_head(&self, org: OrgId, sha256: Hash, bytes: usize) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move {
            let file = fs::File::open(self.path(org, sha256)).await.map_err(io_error)?;
            let mut head = Vec::new();
            let most = u64::try_from(bytes).unwrap_or(u64::MAX);
            file.take(most).read_to_end(&mut head).await.map_err(io_error)?;
            Ok(head)
        })
    }

    fn exists(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, bool> {
        Box::pin(async move { fs::try_exists(self.path(org, sha256)).await.map_err(io_error) })
    }

    fn scratch(&self) -> BlobFuture<'_, std::fs::File> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.incoming.join(format!("{number}-scratch"));
        Box::pin(blocking(move || {
            let file = std::fs::File::options().read(true).write(true).create_new(true).open(&path);
            let file = file.map_err(io_error)?;
            // Where an open file cannot be removed, the next process that opens the directory does it.
            let _ = std::fs::remove_file(&path);
            Ok(file)
        }))
    }

    fn put_derived<'a>(&'a self, org: OrgId, name: &'a str, bytes: Vec<u8>) -> BlobFuture<'a, ()> {
        Box::pin(async move {
            let target = self.derived_path(org, name);
            if let Some(directory) = target.parent() {
                fs::create_dir_all(directory).await.map_err(io_error)?;
            }
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let incoming = self.incoming.join(format!("{number}-derived"));
            let written = match fs::write(&incoming, bytes).await {
                Ok(()) => fs::rename(&incoming, &target).await,
                failed => failed,
            };
            if written.is_err() {
                // On a full disk each further try would take more room.
                let _ = fs::remove_file(&incoming).await;
            }
            written.map_err(io_error)
        })
    }

    fn check_writable(&self) -> BlobFuture<'_, ()> {
        Box::pin(async move {
            // Each asker has a file of its own: anybody may ask, and many at once.
            let mut probe = self.scratch().await?;
            blocking(move || probe.write_all(b"ready").map_err(io_error)).await
        })
    }

    fn read_derived<'a>(&'a self, org: OrgId, name: &'a str) -> BlobFuture<'a, Vec<u8>> {
        Box::pin(async move { fs::read(self.derived_path(org, name)).await.map_err(io_error) })
    }
}
