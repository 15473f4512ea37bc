//! Where finished blobs are kept, and the copies that we make of them.

use std::ops::Range;
use std::path::Path;

use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

use super::blobs::{BlobFuture, BlobPieces};

/// Keeps finished blobs under `o/<org>/sha256/ab/cd/<hex>` (design section 4), in a directory or in a bucket.
///
/// # Concurrency
/// Any number of processes may share it. Whoever brings a blob that is there writes the same bytes once more, which
/// mends a damaged one.
pub trait Objects: Send + Sync + std::fmt::Debug {
    /// Takes the bytes of a synced file whose hash was checked; the file is gone afterwards. When this returns the blob
    /// is durable under its name.
    ///
    /// # Errors
    /// If that cannot be said; the file is there still, unless it was taken.
    fn take<'a>(&'a self, file: &'a Path, org: OrgId, sha256: Hash) -> BlobFuture<'a, ()>;

    /// The size of a blob in bytes, if it is durable here.
    fn find(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Option<u64>>;

    /// What the bytes of a blob hash to, read piece by piece.
    fn hash(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Hash>;

    /// Reads a whole blob.
    fn read(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Vec<u8>>;

    /// Reads bytes from within a blob, and no others: fewer where it ends before.
    fn read_range(&self, org: OrgId, sha256: Hash, range: Range<u64>) -> BlobFuture<'_, Vec<u8>>;

    /// Opens bytes from within a blob to send them piece by piece.
    ///
    /// # Errors
    /// Also if the blob ends before them.
    fn pieces(&self, org: OrgId, sha256: Hash, range: Range<u64>) -> BlobFuture<'_, Box<dyn BlobPieces>>;

    /// Opens a blob to read it piece by piece, at its beginning.
    fn open(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, std::fs::File>;

    /// Stores a derived file (a preview) that can be made again.
    fn put_derived<'a>(&'a self, org: OrgId, name: &'a str, bytes: Vec<u8>) -> BlobFuture<'a, ()>;

    /// Reads a derived file.
    fn read_derived<'a>(&'a self, org: OrgId, name: &'a str) -> BlobFuture<'a, Vec<u8>>;

    /// What is wrong with the place itself, such as a bucket that is not there or refuses the key; none where it is good.
    ///
    /// # Errors
    /// [`BlobError::Unreachable`](super::BlobError::Unreachable) where nothing answers that could be asked.
    fn fault(&self) -> BlobFuture<'_, Option<String>>;

    /// Whether something can be stored now.
    fn check_writable(&self) -> BlobFuture<'_, ()>;
}
