//! Finished blobs in a local directory.
//!
//! The library of objects has a local directory too. It writes a file of its own and renames that, so every blob would
//! be written twice: once while it arrives, once when it is finished. Here the file that arrived is synced and gets the
//! blob's name, and every directory up to the root is synced before anything is said: never less durable, and half the
//! bytes.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use tokio::fs;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::fs_blobs::{blocking, io_error, sync_directory};
use super::pieces::FilePieces;
use super::scratch::Scratch;
use crate::ports::blobs::{BlobFuture, BlobPieces};
use crate::ports::objects::Objects;

/// Directories between a blob and the root: `o/<org>/sha256/ab/cd`.
const DIRECTORIES: usize = 5;

/// Bytes read at once.
const PIECE_BYTES: usize = 256 << 10;

/// Keeps blobs under `o/<org>/sha256/ab/cd/<hex>` in a directory.
#[derive(Debug)]
pub(crate) struct FsObjects {
    root: PathBuf,
    scratch: Arc<Scratch>,
}

impl FsObjects {
    /// Keeps blobs below a root; what is made anew is written in a directory of this process first.
    pub(crate) fn new(root: &Path, scratch: Arc<Scratch>) -> Self {
        Self { root: root.to_owned(), scratch }
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

/// Moves a synced file to its name and makes the directory entries durable.
///
/// Every directory up to the root is synced, also those another upload has just made: its sync may not have
/// happened yet.
pub(crate) fn publish(incoming: &Path, target: &Path) -> io::Result<()> {
    if let Some(directory) = target.parent() {
        std::fs::create_dir_all(directory)?;
    }
    match std::fs::rename(incoming, target) {
        // Another upload of the same bytes was finished meanwhile, and took this try for a leftover.
        Err(error) if error.kind() == io::ErrorKind::NotFound && target.exists() => {}
        renamed => renamed?,
    }
    for directory in target.ancestors().skip(1).take(DIRECTORIES + 1) {
        sync_directory(directory)?;
    }
    Ok(())
}

/// Hashes what is left to read of a file.
pub(crate) fn hash_rest(file: &mut impl io::Read) -> io::Result<Hash> {
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; PIECE_BYTES]);
    loop {
        let read = file.read(&mut piece)?;
        match piece.get(..read).unwrap_or_default() {
            [] => return Ok(Hash(hasher.finalize().into())),
            read => hasher.update(read),
        }
    }
}

impl Objects for FsObjects {
    fn take<'a>(&'a self, file: &'a Path, org: OrgId, sha256: Hash) -> BlobFuture<'a, ()> {
        let (file, target) = (file.to_owned(), self.path(org, sha256));
        Box::pin(blocking(move || {
            publish(&file, &target).map_err(io_error)?;
            // Where the blob has been this file already, the system leaves both names.
            let _ = std::fs::remove_file(&file);
            Ok(())
        }))
    }

    fn find(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Option<u64>> {
        Box::pin(async move {
            match fs::metadata(self.path(org, sha256)).await {
                Ok(found) => Ok(Some(found.len())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(io_error(error)),
            }
        })
    }

    fn hash(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Hash> {
        let path = self.path(org, sha256);
        Box::pin(blocking(move || {
            std::fs::File::open(path).and_then(|mut file| hash_rest(&mut file)).map_err(io_error)
        }))
    }

    fn read(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move { fs::read(self.path(org, sha256)).await.map_err(io_error) })
    }

    fn read_range(&self, org: OrgId, sha256: Hash, range: Range<u64>) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move {
            let mut file = fs::File::open(self.path(org, sha256)).await.map_err(io_error)?;
            file.seek(SeekFrom::Start(range.start)).await.map_err(io_error)?;
            let mut bytes = Vec::new();
            let most = range.end.saturating_sub(range.start);
            file.take(most).read_to_end(&mut bytes).await.map_err(io_error)?;
            Ok(bytes)
        })
    }

    fn pieces(&self, org: OrgId, sha256: Hash, range: Range<u64>) -> BlobFuture<'_, Box<dyn BlobPieces>> {
        let path = self.path(org, sha256);
        Box::pin(blocking(move || {
            let file = std::fs::File::open(path).map_err(io_error)?;
            let pieces: Box<dyn BlobPieces> = Box::new(FilePieces::within(file, range)?);
            Ok(pieces)
        }))
    }

    fn open(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, std::fs::File> {
        let path = self.path(org, sha256);
        Box::pin(blocking(move || std::fs::File::open(path).map_err(io_error)))
    }

    fn put_derived<'a>(&'a self, org: OrgId, name: &'a str, bytes: Vec<u8>) -> BlobFuture<'a, ()> {
        Box::pin(async move {
            let target = self.derived_path(org, name);
            if let Some(directory) = target.parent() {
                fs::create_dir_all(directory).await.map_err(io_error)?;
            }
            let incoming = self.scratch.path("derived");
            let written = match fs::write(&incoming, bytes).await {
                // No sync: it can be made again.
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

    fn fault(&self) -> BlobFuture<'_, Option<String>> {
        // What opened the directory made it.
        Box::pin(std::future::ready(Ok(None)))
    }

    fn check_writable(&self) -> BlobFuture<'_, ()> {
        // The directory of what is on its way, which whoever asks has tried.
        Box::pin(std::future::ready(Ok(())))
    }
}
