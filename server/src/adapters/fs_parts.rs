//! Unfinished uploads in a local directory: each try has a file of its own, so that no two writers ever share one.
//!
//! A device has so many tries at most, of all its uploads together. Whoever goes on with an upload copies what has arrived.
//! A writer that is forgotten, on a connection that nobody hears any more, therefore writes where nobody reads.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::fs_blobs::{io_error, sync_directory};
use crate::ports::blobs::{BlobError, UploadKey};

/// Bytes that are copied at once.
const PIECE_BYTES: usize = 64 << 10;

/// Tries of one device that are kept; one more, and the one to which nothing was added for longest is forgotten.
///
/// # Source
/// More than a phone sends at once: what arrives has no row and counts for no quota, so it is bounded here, with blobs of
/// 40 MiB at 640 MiB of a device.
const MOST_TRIES: usize = 16;

/// The directory `parts/<org>/<device>`, in it `<hash>.<number of the try>`.
#[derive(Debug)]
pub(super) struct Parts {
    root: PathBuf,
    next: AtomicU64,
}

/// The file of one try, at the place where it goes on.
pub(super) struct Part {
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// Of what is in the file.
    pub(super) hasher: Sha256,
    pub(super) bytes: u64,
}

impl Parts {
    pub(super) const fn new(root: PathBuf) -> Self {
        Self { root, next: AtomicU64::new(0) }
    }

    fn folder(&self, key: UploadKey) -> PathBuf {
        self.root.join(key.org.to_string()).join(key.device.to_string())
    }

    /// The longest try of an upload, if there is any.
    fn longest(&self, key: UploadKey) -> io::Result<Option<(u64, PathBuf)>> {
        let mut longest = None;
        for path in self.tries(key)? {
            match fs::metadata(&path) {
                Ok(found) => longest = longest.max(Some((found.len(), path))),
                // It was finished or forgotten meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(longest)
    }

    fn tries(&self, key: UploadKey) -> io::Result<Vec<PathBuf>> {
        let name = format!("{}.", key.sha256);
        let entries = match fs::read_dir(self.folder(key)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&name) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    /// Bytes of the longest try, which are on stable storage when this returns.
    pub(super) fn received(&self, key: UploadKey) -> io::Result<u64> {
        let Some((_, path)) = self.longest(key)? else { return Ok(0) };
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            file => file?,
        };
        let bytes = file.metadata()?.len();
        file.sync_all()?;
        sync_directory(&self.folder(key))?;
        Ok(bytes)
    }

    /// Begins a try with the first `from` bytes of the longest one, which it takes the place of.
    pub(super) fn begin(&self, key: UploadKey, from: u64) -> Result<Part, BlobError> {
        if from == 0 {
            make_room(&self.folder(key)).map_err(io_error)?;
            return self.create(key).map_err(io_error);
        }
        let (received, source) = self.longest(key).map_err(io_error)?.unwrap_or_default();
        if received < from {
            return Err(BlobError::Behind { received });
        }
        // It needs no room, for it takes the place of what it goes on from.
        let mut part = self.create(key).map_err(io_error)?;
        if let Err(error) = part.copy(&source, from) {
            // What was copied would only take room.
            let _ = fs::remove_file(&part.path);
            return Err(io_error(error));
        }
        // Of what it takes the place of, so much was said to be durable.
        part.file.sync_all().and_then(|()| sync_directory(&self.folder(key))).map_err(io_error)?;
        fs::remove_file(&source).map_err(io_error)?;
        Ok(part)
    }

    fn create(&self, key: UploadKey) -> io::Result<Part> {
        let folder = self.folder(key);
        fs::create_dir_all(&folder)?;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{}.{number}", key.sha256));
            match File::create_new(&path) {
                // A try of an earlier process had this number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                file => return Ok(Part { file: file?, path, hasher: Sha256::new(), bytes: 0 }),
            }
        }
    }

    /// Removes every try of an upload; what cannot be removed costs room only, until it is old enough.
    pub(super) fn forget(&self, key: UploadKey) {
        for path in self.tries(key).unwrap_or_default() {
            let _ = fs::remove_file(path);
        }
    }

    /// Removes tries to which nothing was added for so long.
    pub(super) fn forget_unchanged(&self, unchanged_for: Duration) -> io::Result<usize> {
        // Organisations, devices, tries.
        forget_unchanged(&self.root, 3, unchanged_for)
    }
}

/// Forgets tries of a device until there is room for one more.
fn make_room(folder: &Path) -> io::Result<()> {
    let mut tries = Vec::new();
    for path in entries(folder)? {
        // Finished or forgotten meanwhile, it takes no room.
        if let Ok(changed) = fs::metadata(&path).and_then(|found| found.modified()) {
            tries.push((changed, path));
        }
    }
    let surplus = tries.len().saturating_add(1).saturating_sub(MOST_TRIES);
    tries.sort();
    for (_, path) in tries.into_iter().take(surplus) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Removes the files so many levels below a directory to which nothing was added for so long; tells how many.
pub(super) fn forget_unchanged(root: &Path, levels: usize, unchanged_for: Duration) -> io::Result<usize> {
    let mut found = vec![root.to_owned()];
    for _ in 0..levels {
        let mut below = Vec::new();
        for folder in found {
            below.extend(entries(&folder)?);
        }
        found = below;
    }
    let mut forgotten = 0;
    for file in found {
        let Ok(changed) = fs::metadata(&file).and_then(|found| found.modified()) else { continue };
        if changed.elapsed().is_ok_and(|age| age >= unchanged_for) && fs::remove_file(&file).is_ok() {
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

impl Part {
    fn copy(&mut self, source: &Path, bytes: u64) -> io::Result<()> {
        let mut source = File::open(source)?.take(bytes);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = source.read(&mut piece)?;
            let read = piece.get(..read).unwrap_or_default();
            if read.is_empty() {
                return Ok(());
            }
            self.hasher.update(read);
            self.file.write_all(read)?;
            self.bytes = self.bytes.saturating_add(u64::try_from(read.len()).unwrap_or(u64::MAX));
        }
    }
}
