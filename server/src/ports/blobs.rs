//! Content-addressed storage of photos and other bytes.

use std::future::Future;
use std::pin::Pin;

use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

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
    /// No space is left.
    #[error("storage full")]
    Full,
    /// The storage failed.
    #[error("blob storage failed: {0}")]
    Io(#[source] std::io::Error),
}

/// Bytes on their way in; dropped without [`finish`](BlobWriter::finish), nothing is kept.
pub trait BlobWriter: Send {
    /// Appends bytes.
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BlobFuture<'a, ()>;

    /// Checks the hash, makes bytes and directory entry durable, and publishes the blob under its name.
    ///
    /// # Errors
    /// [`BlobError::HashMismatch`] and nothing kept, if the bytes are not what their name says.
    fn finish(self: Box<Self>) -> BlobFuture<'static, u64>;
}

/// Stores blobs under the SHA-256 of their content, per organisation.
///
/// # Concurrency
/// Any number of writers may write the same blob: the first finished wins, the others change nothing.
/// Later resumable upload and S3 implement the same trait.
pub trait BlobStore: Send + Sync + std::fmt::Debug {
    /// Opens a writer for a blob of that name.
    fn begin(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Box<dyn BlobWriter>>;

    /// Reads a whole blob.
    fn read(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Vec<u8>>;

    /// Whether the blob is durable here.
    fn exists(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, bool>;

    /// Stores a derived file (a preview) that can be made again: no sync.
    fn put_derived<'a>(&'a self, org: OrgId, name: &'a str, bytes: Vec<u8>) -> BlobFuture<'a, ()>;

    /// Whether something can be stored now.
    fn check_writable(&self) -> BlobFuture<'_, ()>;

    /// Reads a derived file.
    fn read_derived<'a>(&'a self, org: OrgId, name: &'a str) -> BlobFuture<'a, Vec<u8>>;
}
