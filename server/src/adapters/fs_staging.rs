//! Uploads that go on where they stopped, in a local directory.
//!
//! Whoever writes an upload's file has it locked. Who finds it locked, by a writer on a connection that nobody hears any
//! more, goes on in a copy of it: see `fs_staging_names`, also for what is a blob already.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sync_core::bytes::Hash;

use super::fs_blobs::{blocking, io_error, sync_directory};
use super::fs_objects::{FsObjects, hash_rest};
use super::fs_parts::forget_unchanged;
use super::fs_staging_names::{Held, Names};
use super::scratch::Scratch;
use crate::ports::blobs::{BlobError, BlobFuture};
use crate::ports::objects::Objects;
use crate::ports::staging::{Staged, StagedUpload, Staging, StagingKey};

/// Bytes that are hashed and written at once, each time on a thread of its own.
const PIECE_BYTES: usize = 256 << 10;

/// Directories that name an upload's file: `uploads/<org>/<device>` and the one of the blobs.
const DIRECTORIES: usize = 4;

/// Keeps uploads under `uploads/<org>/<device>/<upload>.<number>`, beside the blobs that they become; their gates are the
/// files `gates/<first two digits of the upload>`, which are never removed.
#[derive(Debug)]
pub struct FsStaging {
    /// The directory of the blobs.
    root: PathBuf,
    /// Distinguishes the passing names of processes that share the directory.
    process: String,
    /// Distinguishes those of this process.
    next: AtomicU64,
    /// Where an upload goes that is a blob.
    objects: Arc<dyn Objects>,
}

struct FsStaged {
    file: Arc<File>,
    names: Names,
    path: PathBuf,
    key: StagingKey,
    objects: Arc<dyn Objects>,
    /// Of all that is in the file, where this writer began it.
    hasher: Option<Sha256>,
    /// Bytes in the file.
    written: u64,
    /// Bytes that follow them.
    pending: Vec<u8>,
}

impl FsStaging {
    /// Keeps uploads in the directory of the blobs, for a process with a name of its own.
    #[must_use]
    pub fn new(blobs: &Path, process: &str) -> Self {
        // It makes nothing anew, so the directory of this process is not asked for.
        let objects = Arc::new(FsObjects::new(blobs, Arc::new(Scratch::new(blobs))));
        Self { root: blobs.to_owned(), process: process.to_owned(), next: AtomicU64::new(0), objects }
    }

    /// Keeps what is finished elsewhere than in the directory of the blobs.
    pub(crate) fn keeping_in(mut self, objects: Arc<dyn Objects>) -> Self {
        self.objects = objects;
        self
    }

    fn names(&self, key: StagingKey) -> Names {
        let folder = self.root.join("uploads").join(key.org.to_string()).join(key.device.to_string());
        let upload = key.upload.to_string();
        let gate = self.root.join("gates").join(upload.get(..2).unwrap_or(&upload));
        let passing = folder.join(format!("{upload}.{}-{}", self.process, self.next.fetch_add(1, Ordering::Relaxed)));
        Names { folder, upload, gate, passing }
    }
}

impl FsStaged {
    fn new(names: Names, held: Held, key: StagingKey, objects: Arc<dyn Objects>) -> Self {
        let Held { file, path, bytes: written } = held;
        let hasher = (written == 0).then(Sha256::new);
        Self { file: Arc::new(file), names, path, key, objects, hasher, written, pending: Vec::new() }
    }

    /// Writes what is pending.
    async fn flush(&mut self) -> Result<(), BlobError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let (mut piece, file) = (std::mem::take(&mut self.pending), Arc::clone(&self.file));
        let (mut hasher, bytes) = (self.hasher.take(), u64::try_from(piece.len()).unwrap_or(u64::MAX));
        // Its memory serves for the next piece: a new one each time costs a fault for each of its pages.
        (self.hasher, self.pending) = blocking(move || {
            if let Some(hasher) = &mut hasher {
                hasher.update(&piece);
            }
            (&*file).write_all(&piece).map_err(io_error)?;
            piece.clear();
            Ok((hasher, piece))
        })
        .await?;
        self.written = self.written.saturating_add(bytes);
        Ok(())
    }
}

impl Drop for FsStaged {
    fn drop(&mut self) {
        // What arrived on a connection that broke off must not be sent again; what cannot be written is.
        let _ = (&*self.file).write_all(&self.pending);
    }
}

impl Staged for FsStaged {
    fn bytes(&self) -> u64 {
        self.written.saturating_add(u64::try_from(self.pending.len()).unwrap_or(u64::MAX))
    }

    fn append<'a>(&'a mut self, mut bytes: &'a [u8]) -> BlobFuture<'a, ()> {
        Box::pin(async move {
            while !bytes.is_empty() {
                let room = PIECE_BYTES.saturating_sub(self.pending.len());
                let (now, later) = bytes.split_at(room.min(bytes.len()));
                self.pending.extend_from_slice(now);
                bytes = later;
                if self.pending.len() >= PIECE_BYTES {
                    self.flush().await?;
                }
            }
            Ok(())
        })
    }

    fn read(&mut self, range: Range<u64>) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move {
            self.flush().await?;
            let file = Arc::clone(&self.file);
            let wanted = usize::try_from(range.end.min(self.written).saturating_sub(range.start)).unwrap_or(0);
            blocking(move || {
                let mut bytes = vec![0; wanted];
                file.read_exact_at(&mut bytes, range.start).map_err(io_error)?;
                Ok(bytes)
            })
            .await
        })
    }

    fn check(&self) -> BlobFuture<'_, ()> {
        let (file, names, path) = (Arc::clone(&self.file), self.names.clone(), self.path.clone());
        Box::pin(blocking(move || names.enter().and_then(|entered| entered.check(&file, &path)).map_err(io_error)))
    }

    fn rewind(&mut self, bytes: u64) -> BlobFuture<'_, ()> {
        Box::pin(async move {
            self.flush().await?;
            let file = Arc::clone(&self.file);
            blocking(move || {
                file.set_len(bytes).map_err(io_error)?;
                (&*file).seek(SeekFrom::End(0)).map_err(io_error)
            })
            .await?;
            self.written = bytes;
            self.hasher = None;
            Ok(())
        })
    }

    fn keep(mut self: Box<Self>) -> BlobFuture<'static, u64> {
        Box::pin(async move {
            self.flush().await?;
            let (file, names) = (Arc::clone(&self.file), self.names.clone());
            let (path, bytes) = (self.path.clone(), self.written);
            blocking(move || {
                // Its time tells that it was heard of, also where no byte was added.
                file.set_len(bytes).map_err(io_error)?;
                file.sync_all().map_err(io_error)?;
                for directory in path.ancestors().skip(1).take(DIRECTORIES) {
                    sync_directory(directory).map_err(io_error)?;
                }
                names.enter().and_then(|entered| entered.check(&file, &path)).map_err(io_error)?;
                Ok(bytes)
            })
            .await
        })
    }

    fn publish(mut self: Box<Self>, expected: Option<Hash>) -> BlobFuture<'static, Hash> {
        Box::pin(async move {
            self.flush().await?;
            let (file, names, path) = (Arc::clone(&self.file), self.names.clone(), self.path.clone());
            let hasher = self.hasher.take();
            // The staged bytes keep their name: the blob gets one of its own.
            let passing = self.names.passing.clone();
            let actual = blocking(move || {
                let hashed = hasher.map_or_else(|| hash(&file), |hasher| Ok(Hash(hasher.finalize().into())));
                let actual = hashed.map_err(io_error)?;
                file.sync_all().map_err(io_error)?;
                let entered = names.enter().map_err(io_error)?;
                // What another one took over is his, wrong or right.
                entered.check(&file, &path).map_err(io_error)?;
                if expected.is_some_and(|expected| expected != actual) {
                    entered.forget().map_err(io_error)?;
                    return Err(BlobError::HashMismatch { actual });
                }
                fs::hard_link(&path, &names.passing).map_err(io_error)?;
                Ok(actual)
            })
            .await?;
            let taken = self.objects.take(&passing, self.key.org, actual).await;
            if taken.is_err() {
                let _ = fs::remove_file(&passing);
            }
            taken.map(|()| actual)
        })
    }
}

/// Hashes a file from its beginning.
fn hash(mut file: &File) -> io::Result<Hash> {
    file.seek(SeekFrom::Start(0))?;
    hash_rest(&mut file)
}

impl Staging for FsStaging {
    fn open(&self, StagedUpload { key, .. }: StagedUpload) -> BlobFuture<'_, Box<dyn Staged>> {
        let (names, objects) = (self.names(key), Arc::clone(&self.objects));
        Box::pin(blocking(move || {
            let held = names.enter().and_then(|entered| entered.open()).map_err(io_error)?;
            let staged: Box<dyn Staged> = Box::new(FsStaged::new(names, held, key, objects));
            Ok(staged)
        }))
    }

    fn received(&self, upload: StagedUpload) -> BlobFuture<'_, u64> {
        let names = self.names(upload.key);
        Box::pin(blocking(move || names.enter().and_then(|entered| entered.received()).map_err(io_error)))
    }

    fn forget(&self, upload: StagedUpload) -> BlobFuture<'_, ()> {
        let names = self.names(upload.key);
        Box::pin(blocking(move || names.enter().and_then(|entered| entered.forget()).map_err(io_error)))
    }

    fn forget_unchanged(&self, unchanged_for: Duration) -> BlobFuture<'_, usize> {
        let root = self.root.join("uploads");
        // Organisations, devices, uploads.
        Box::pin(blocking(move || forget_unchanged(&root, 3, unchanged_for).map_err(io_error)))
    }
}

#[cfg(test)]
#[path = "fs_staging_tests.rs"]
mod tests;
