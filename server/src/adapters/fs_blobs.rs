//! Blobs in a local directory: hashed while written, synced before they count.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

use crate::ports::blobs::{BlobError, BlobFuture, BlobStore, BlobWriter};

/// Stores blobs under `o/<org>/sha256/ab/cd/<hex>` (design section 4).
#[derive(Debug)]
pub struct FsBlobs {
    root: PathBuf,
    /// Held as long as the store is open: unfinished files belong to one process.
    _lock: std::fs::File,
    /// Distinguishes unfinished files of one process; leftovers of a killed one are removed at the next start.
    next: AtomicU64,
}

impl FsBlobs {
    /// Opens the directory; unfinished files of a killed process are removed.
    ///
    /// # Errors
    /// If the directory cannot be made, or another process has it open.
    ///
    /// # Concurrency
    /// The operating system releases the lock when the process ends, however it ends.
    pub fn open(root: &Path) -> Result<Self, BlobError> {
        std::fs::create_dir_all(root).map_err(io_error)?;
        let lock = std::fs::File::create(root.join("lock")).map_err(io_error)?;
        lock.try_lock().map_err(|_held| {
            let message = format!("{} is in use by another process", root.display());
            BlobError::Io(std::io::Error::new(std::io::ErrorKind::ResourceBusy, message))
        })?;
        let incoming = root.join("incoming");
        if incoming.exists() {
            std::fs::remove_dir_all(&incoming).map_err(io_error)?;
        }
        std::fs::create_dir_all(&incoming).map_err(io_error)?;
        sync_directory(root).map_err(io_error)?;
        Ok(Self { root: root.to_owned(), _lock: lock, next: AtomicU64::new(0) })
    }

    fn path(&self, org: OrgId, sha256: Hash) -> PathBuf {
        self.root.join(relative_path(org, sha256))
    }

    fn derived_path(&self, org: OrgId, name: &str) -> PathBuf {
        self.root.join("o").join(org.to_string()).join("derived").join(name)
    }
}

/// Where a blob is below the root.
pub(crate) fn relative_path(org: OrgId, sha256: Hash) -> PathBuf {
    let hex = sha256.to_string();
    let (first, rest) = hex.split_at(2);
    let (second, _) = rest.split_at(2);
    ["o", &org.to_string(), "sha256", first, second, &hex].iter().collect()
}

fn io_error(error: std::io::Error) -> BlobError {
    match error.kind() {
        std::io::ErrorKind::NotFound => BlobError::NotFound,
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => BlobError::Full,
        _ => BlobError::Io(error),
    }
}

fn sync_directory(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}

struct FsWriter {
    file: fs::File,
    incoming: PathBuf,
    target: PathBuf,
    expected: Hash,
    hasher: Sha256,
    bytes: u64,
    published: bool,
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
            if actual != self.expected {
                return Err(BlobError::HashMismatch { actual });
            }
            self.file.flush().await.map_err(io_error)?;
            self.file.sync_all().await.map_err(io_error)?;
            let (incoming, target) = (self.incoming.clone(), self.target.clone());
            tokio::task::spawn_blocking(move || publish(&incoming, &target))
                .await
                .map_err(|error| BlobError::Io(std::io::Error::other(error)))?
                .map_err(io_error)?;
            self.published = true;
            Ok(self.bytes)
        })
    }
}

impl Drop for FsWriter {
    fn drop(&mut self) {
        if !self.published {
            // A leftover costs space only; the next start removes it.
            let _ = std::fs::remove_file(&self.incoming);
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
    std::fs::rename(incoming, target)?;
    for directory in target.ancestors().skip(1).take(DIRECTORIES + 1) {
        sync_directory(directory)?;
    }
    Ok(())
}

impl BlobStore for FsBlobs {
    fn begin(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Box<dyn BlobWriter>> {
        Box::pin(async move {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let incoming = self.root.join("incoming").join(format!("{number}-{sha256}"));
            let file = fs::File::create_new(&incoming).await.map_err(io_error)?;
            let writer = FsWriter {
                file,
                incoming,
                target: self.path(org, sha256),
                expected: sha256,
                hasher: Sha256::new(),
                bytes: 0,
                published: false,
            };
            let writer: Box<dyn BlobWriter> = Box::new(writer);
            Ok(writer)
        })
    }

    fn read(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move { fs::read(self.path(org, sha256)).await.map_err(io_error) })
    }

    fn exists(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, bool> {
        Box::pin(async move { fs::try_exists(self.path(org, sha256)).await.map_err(io_error) })
    }

    fn put_derived<'a>(&'a self, org: OrgId, name: &'a str, bytes: Vec<u8>) -> BlobFuture<'a, ()> {
        Box::pin(async move {
            let target = self.derived_path(org, name);
            if let Some(directory) = target.parent() {
                fs::create_dir_all(directory).await.map_err(io_error)?;
            }
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let incoming = self.root.join("incoming").join(format!("{number}-derived"));
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

    fn read_derived<'a>(&'a self, org: OrgId, name: &'a str) -> BlobFuture<'a, Vec<u8>> {
        Box::pin(async move { fs::read(self.derived_path(org, name)).await.map_err(io_error) })
    }
}
