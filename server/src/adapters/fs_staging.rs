//! Uploads that go on where they stopped, in a local directory.
//!
//! Of each upload there is one file that counts: that of its highest number. Whoever writes it has it locked; the
//! operating system takes the lock back when the writer ends, however that happens. Who finds it locked, by a writer on
//! a connection that nobody hears any more, gives the file the next number, after which nothing is acknowledged in it any
//! more, copies it under the number after that and goes on there: at every moment the file that counts has every byte
//! that was acknowledged. So does who finds a file that is a blob already: what is published is never written again.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sync_core::bytes::Hash;

use super::fs_blobs::{blocking, io_error, sync_directory};
use super::fs_objects::{FsObjects, hash_rest};
use super::fs_parts::forget_unchanged;
use super::scratch::Scratch;
use crate::ports::blobs::{BlobError, BlobFuture};
use crate::ports::objects::Objects;
use crate::ports::staging::{Staged, Staging, StagingKey};

/// Bytes that are hashed and written at once, each time on a thread of its own.
const PIECE_BYTES: usize = 256 << 10;

/// Directories that name an upload's file: `uploads/<org>/<device>` and the one of the blobs.
const DIRECTORIES: usize = 4;

/// Keeps uploads under `uploads/<org>/<device>/<upload>.<number>`, beside the blobs that they become.
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

/// The names of one upload.
#[derive(Debug, Clone)]
struct Names {
    folder: PathBuf,
    upload: String,
    key: StagingKey,
    objects: Arc<dyn Objects>,
    /// A name that nobody else uses, for what is not complete.
    passing: PathBuf,
}

/// A file that its writer has locked.
struct Held {
    file: File,
    path: PathBuf,
    bytes: u64,
}

struct FsStaged {
    file: Arc<File>,
    names: Names,
    path: PathBuf,
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
        let passing = folder.join(format!("{upload}.{}-{}", self.process, self.next.fetch_add(1, Ordering::Relaxed)));
        Names { folder, upload, key, objects: Arc::clone(&self.objects), passing }
    }
}

impl Names {
    fn numbered(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{}.{number}", self.upload))
    }

    /// Every file of the upload.
    fn all(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
        let is_ours = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem.to_string_lossy() == self.upload);
        Ok(paths.into_iter().filter(is_ours).collect())
    }

    /// The number that counts.
    fn highest(&self) -> io::Result<Option<u64>> {
        Ok(self.all()?.iter().filter_map(|path| number_of(path)).max())
    }

    fn open(&self) -> io::Result<Held> {
        loop {
            let held = match self.highest()? {
                None => self.create(),
                Some(number) => self.claim(number),
            };
            match held {
                // Another writer was faster: look again.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) => {}
                held => return held,
            }
        }
    }

    fn create(&self) -> io::Result<Held> {
        fs::create_dir_all(&self.folder)?;
        let path = self.numbered(0);
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        file.try_lock().map_err(|_claimed| io::Error::from(ErrorKind::AlreadyExists))?;
        Ok(Held { file, path, bytes: 0 })
    }

    fn claim(&self, number: u64) -> io::Result<Held> {
        let path = self.numbered(number);
        let mut file = File::options().read(true).write(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return self.take_over(number),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if !path.exists() {
            // Taken over between the look and the lock.
            return Err(ErrorKind::NotFound.into());
        }
        if file.metadata()?.nlink() > 1 {
            return self.take_over(number);
        }
        let bytes = file.seek(SeekFrom::End(0))?;
        Ok(Held { file, path, bytes })
    }

    /// Goes on under a number where whoever else has the file never comes.
    fn take_over(&self, number: u64) -> io::Result<Held> {
        let retired = self.retire(number)?;
        let copied = self.copy(retired);
        // It has its name by now, or never will.
        let _ = fs::remove_file(&self.passing);
        let held = copied?;
        // All of it is in the copy, which is durable: what stays costs room only, until the upload ends.
        let _ = fs::remove_file(self.numbered(retired));
        Ok(held)
    }

    /// Gives the file the next number and takes the earlier ones away, without which nothing is acknowledged in it any
    /// more.
    fn retire(&self, number: u64) -> io::Result<u64> {
        let retired = number.saturating_add(1);
        // Never over what another one took over.
        fs::hard_link(self.numbered(number), self.numbered(retired))?;
        sync_directory(&self.folder)?;
        for path in self.all()? {
            if number_of(&path).is_some_and(|earlier| earlier < retired) {
                remove(&path)?;
            }
        }
        Ok(retired)
    }

    /// Copies what has arrived under the next number: complete or not at all, and never over what another one took over.
    fn copy(&self, number: u64) -> io::Result<Held> {
        let mut source = File::open(self.numbered(number))?;
        let path = self.numbered(number.saturating_add(1));
        let mut file = File::options().read(true).write(true).create_new(true).open(&self.passing)?;
        file.try_lock().map_err(|_claimed| io::Error::from(ErrorKind::AlreadyExists))?;
        let bytes = io::copy(&mut source, &mut file)?;
        file.sync_all()?;
        fs::hard_link(&self.passing, &path)?;
        sync_directory(&self.folder)?;
        Ok(Held { file, path, bytes })
    }

    /// Bytes of the file that counts.
    fn received(&self) -> io::Result<u64> {
        loop {
            let Some(number) = self.highest()? else { return Ok(0) };
            match fs::metadata(self.numbered(number)) {
                // Taken over since the look.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                found => return Ok(found?.len()),
            }
        }
    }

    /// Gives the file the passing name as well.
    fn link(&self, path: &Path, file: &File) -> io::Result<()> {
        fs::hard_link(path, &self.passing)?;
        let (linked, meant) = (fs::metadata(&self.passing)?, file.metadata()?);
        if (linked.dev(), linked.ino()) == (meant.dev(), meant.ino()) {
            return Ok(());
        }
        // Its name is that of another file by now: who ended the upload and began it anew made one.
        fs::remove_file(&self.passing)?;
        Err(ErrorKind::NotFound.into())
    }

    fn forget(&self) -> io::Result<()> {
        self.all()?.iter().try_for_each(|path| remove(path))
    }
}

/// The number of an upload's file; none for a passing name.
fn number_of(path: &Path) -> Option<u64> {
    path.extension()?.to_str()?.parse().ok()
}

/// Removes a file that somebody else may have removed.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl FsStaged {
    /// Writes what is pending.
    async fn flush(&mut self) -> Result<(), BlobError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let (piece, file) = (std::mem::take(&mut self.pending), Arc::clone(&self.file));
        let (mut hasher, bytes) = (self.hasher.take(), u64::try_from(piece.len()).unwrap_or(u64::MAX));
        self.hasher = blocking(move || {
            if let Some(hasher) = &mut hasher {
                hasher.update(&piece);
            }
            (&*file).write_all(&piece).map_err(io_error)?;
            Ok(hasher)
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
            let (file, path, bytes) = (Arc::clone(&self.file), self.path.clone(), self.written);
            blocking(move || {
                // Its time tells that it was heard of, also where no byte was added.
                file.set_len(bytes).map_err(io_error)?;
                file.sync_all().map_err(io_error)?;
                for directory in path.ancestors().skip(1).take(DIRECTORIES) {
                    sync_directory(directory).map_err(io_error)?;
                }
                if path.exists() { Ok(bytes) } else { Err(BlobError::NotFound) }
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
                if expected.is_some_and(|expected| expected != actual) {
                    names.forget().map_err(io_error)?;
                    return Err(BlobError::HashMismatch { actual });
                }
                file.sync_all().map_err(io_error)?;
                names.link(&path, &file).map_err(io_error)?;
                Ok(actual)
            })
            .await?;
            let taken = self.names.objects.take(&passing, self.names.key.org, actual).await;
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
    fn open(&self, key: StagingKey) -> BlobFuture<'_, Box<dyn Staged>> {
        let names = self.names(key);
        Box::pin(blocking(move || {
            let Held { file, path, bytes: written } = names.open().map_err(io_error)?;
            let (hasher, pending) = ((written == 0).then(Sha256::new), Vec::new());
            let staged: Box<dyn Staged> =
                Box::new(FsStaged { file: Arc::new(file), names, path, hasher, written, pending });
            Ok(staged)
        }))
    }

    fn received(&self, key: StagingKey) -> BlobFuture<'_, u64> {
        let names = self.names(key);
        Box::pin(blocking(move || names.received().map_err(io_error)))
    }

    fn forget(&self, key: StagingKey) -> BlobFuture<'_, ()> {
        let names = self.names(key);
        Box::pin(blocking(move || names.forget().map_err(io_error)))
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
