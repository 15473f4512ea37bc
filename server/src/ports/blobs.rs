//! Content-addressed storage of photos and other bytes.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::time::Duration;

use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId};

/// A future of a blob operation.
pub type BlobFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BlobError>> + Send + 'a>>;

/// What can go wrong with a blob.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// No such blob.
    #[error("blob not found")]
    NotFound,
    /// The bytes hash to something else than their name.
    #[error("content does not match its hash")]
    HashMismatch {
        /// What the bytes hash to.
        actual: Hash,
    },
    /// Less has arrived than the upload wants to go on from.
    #[error("only {received} bytes have arrived")]
    Behind {
        /// Bytes that are durable here.
        received: u64,
    },
    /// The storage is elsewhere and gave no good answer: the same may work later.
    #[error("blob storage unreachable: {0}")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No space is left.
    #[error("storage full")]
    Full,
    /// The storage failed.
    #[error("blob storage failed: {0}")]
    Io(#[source] std::io::Error),
}

impl BlobError {
    /// What the system says of a file that is there.
    #[must_use]
    pub fn of_io(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

/// An upload: what arrives of it is kept apart from everybody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UploadKey {
    /// Tenant.
    pub org: OrgId,
    /// Who sends it.
    pub device: DeviceId,
    /// Name of the blob it is to become.
    pub sha256: Hash,
}

/// Bytes on their way in; dropped without [`finish`](BlobWriter::finish), what was written by then stays for
/// another try.
pub trait BlobWriter: Send {
    /// Appends bytes.
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BlobFuture<'a, ()>;

    /// Checks the hash, makes bytes and directory entry durable, and publishes the blob under its name.
    ///
    /// # Errors
    /// [`BlobError::HashMismatch`] and nothing kept, if the bytes are not what their name says.
    fn finish(self: Box<Self>) -> BlobFuture<'static, u64>;

    /// Ends a try that broke off: all that was written stays for another one.
    fn keep(self: Box<Self>) -> BlobFuture<'static, ()>;

    /// Keeps nothing of it.
    fn discard(self: Box<Self>);
}

/// Bytes of a blob, read as they are wanted: whoever takes them slowly costs one piece of memory.
pub trait BlobPieces: Send {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// Those of storage, also if the blob ends too early; nothing can be read behind one.
    fn next(&mut self) -> BlobFuture<'_, Option<Vec<u8>>>;
}

/// Stores blobs under the SHA-256 of their content, per organisation.
///
/// # Concurrency
/// Any number of writers may write the same blob: the first finished wins, the others change nothing.
/// Of two uploads of one key that meet, each has bytes of its own; the one that began later is continued.
pub trait BlobStore: Send + Sync + std::fmt::Debug {
    /// Opens a writer that goes on after the first `from` bytes of what has arrived.
    ///
    /// # Errors
    /// [`BlobError::Behind`] if that much has not arrived.
    fn begin(&self, key: UploadKey, from: u64) -> BlobFuture<'_, Box<dyn BlobWriter>>;

    /// How many bytes of an unfinished upload are durable here: it may go on from there, whatever happens to us.
    fn received(&self, key: UploadKey) -> BlobFuture<'_, u64>;

    /// Forgets unfinished uploads to which nothing was added for so long; tells how many.
    fn forget_parts(&self, unchanged_for: Duration) -> BlobFuture<'_, usize>;

    /// Reads a whole blob.
    fn read(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Vec<u8>>;

    /// Opens a blob to read it piece by piece.
    fn open(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, std::fs::File>;

    /// Reads at most so many bytes from the beginning of a blob.
    fn read_head(&self, org: OrgId, sha256: Hash, bytes: usize) -> BlobFuture<'_, Vec<u8>>;

    /// Opens bytes from within a blob, and no others. They cannot be checked against its name.
    ///
    /// # Errors
    /// Also if the blob ends before them.
    fn pieces(&self, org: OrgId, sha256: Hash, range: Range<u64>) -> BlobFuture<'_, Box<dyn BlobPieces>>;

    /// Opens all of a blob, of which every byte has been checked against its name.
    ///
    /// # Errors
    /// [`BlobError::HashMismatch`] for a damaged one.
    fn checked_pieces(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Box<dyn BlobPieces>>;

    /// Whether the blob is durable here.
    fn exists(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, bool>;

    /// Opens an empty file without a name, for bytes on their way: it is gone when it is closed, however that happens.
    fn scratch(&self) -> BlobFuture<'_, std::fs::File>;

    /// Stores a derived file (a preview) that can be made again: no sync.
    fn put_derived<'a>(&'a self, org: OrgId, name: &'a str, bytes: Vec<u8>) -> BlobFuture<'a, ()>;

    /// Whether something can be stored now.
    fn check_writable(&self) -> BlobFuture<'_, ()>;

    /// Reads a derived file.
    fn read_derived<'a>(&'a self, org: OrgId, name: &'a str) -> BlobFuture<'a, Vec<u8>>;
}
