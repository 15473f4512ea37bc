//! Blobs on their way in a local directory: hashed while written, synced before they are handed to who keeps them.

use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

use super::fs_objects::FsObjects;
use super::fs_parts::{Part, Parts};
use super::pieces::FilePieces;
use super::scratch::Scratch;
use crate::ports::blobs::{BlobError, BlobFuture, BlobPieces, BlobStore, BlobWriter, UploadKey};
use crate::ports::objects::Objects;

/// Name of the file that a process holds locked in its directory of unfinished files.
const OWNER: &str = "owner";

/// Receives blobs in a directory, wherever they are kept once they are finished: in the same directory unless told
/// otherwise.
#[derive(Debug)]
pub struct FsBlobs {
    /// Unfinished files of this process that can be made anew.
    scratch: Arc<Scratch>,
    /// Held as long as the store is open: on the root, and on the directory of unfinished files.
    _locks: [std::fs::File; 2],
    parts: Arc<Parts>,
    objects: Arc<dyn Objects>,
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
        let scratch = Arc::new(Scratch::new(&incoming));
        let objects = Arc::new(FsObjects::new(root, Arc::clone(&scratch)));
        Ok(Self { scratch, _locks: [lock, own], parts, objects })
    }

    /// The directory of this process's unfinished files.
    pub(crate) const fn scratch_files(&self) -> &Arc<Scratch> {
        &self.scratch
    }

    /// Keeps what is finished elsewhere.
    pub(crate) fn keeping_in(mut self, objects: Arc<dyn Objects>) -> Self {
        self.objects = objects;
        self
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
    objects: Arc<dyn Objects>,
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
            // Until it is kept, the try stays for another one.
            self.objects.take(&self.path, self.key.org, self.key.sha256).await?;
            let (parts, key, bytes) = (Arc::clone(&self.parts), self.key, self.bytes);
            blocking(move || {
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

impl BlobStore for FsBlobs {
    fn begin(&self, key: UploadKey, from: u64) -> BlobFuture<'_, Box<dyn BlobWriter>> {
        Box::pin(async move {
            let parts = Arc::clone(&self.parts);
            let Part { file, path, hasher, bytes } = blocking(move || parts.begin(key, from)).await?;
            let (file, parts) = (fs::File::from_std(file), Arc::clone(&self.parts));
            let objects = Arc::clone(&self.objects);
            let writer: Box<dyn BlobWriter> = Box::new(FsWriter { file, path, parts, key, objects, hasher, bytes });
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
        self.objects.read(org, sha256)
    }

    fn open(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, std::fs::File> {
        self.objects.open(org, sha256)
    }

    fn read_head(&self, org: OrgId, sha256: Hash, bytes: usize) -> BlobFuture<'_, Vec<u8>> {
        self.objects.read_range(org, sha256, 0..u64::try_from(bytes).unwrap_or(u64::MAX))
    }

    fn pieces(&self, org: OrgId, sha256: Hash, range: Range<u64>) -> BlobFuture<'_, Box<dyn BlobPieces>> {
        self.objects.pieces(org, sha256, range)
    }

    fn checked_pieces(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Box<dyn BlobPieces>> {
        Box::pin(async move {
            // From a bucket it is a copy without a name: what was checked is what is sent, and comes over the line once.
            let file = self.objects.open(org, sha256).await?;
            let pieces = blocking(move || FilePieces::checked(file, sha256)).await?;
            let pieces: Box<dyn BlobPieces> = Box::new(pieces);
            Ok(pieces)
        })
    }

    fn exists(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, bool> {
        Box::pin(async move { Ok(self.objects.find(org, sha256).await?.is_some()) })
    }

    fn scratch(&self) -> BlobFuture<'_, std::fs::File> {
        let scratch = Arc::clone(&self.scratch);
        Box::pin(blocking(move || scratch.file().map_err(io_error)))
    }

    fn put_derived<'a>(&'a self, org: OrgId, name: &'a str, bytes: Vec<u8>) -> BlobFuture<'a, ()> {
        self.objects.put_derived(org, name, bytes)
    }

    fn check_writable(&self) -> BlobFuture<'_, ()> {
        Box::pin(async move {
            // What is on its way is here in any case.
            let scratch = Arc::clone(&self.scratch);
            blocking(move || scratch.file().and_then(|mut probe| probe.write_all(b"ready")).map_err(io_error)).await?;
            self.objects.check_writable().await
        })
    }

    fn read_derived<'a>(&'a self, org: OrgId, name: &'a str) -> BlobFuture<'a, Vec<u8>> {
        self.objects.read_derived(org, name)
    }
}
