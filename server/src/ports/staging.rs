//! Bytes of uploads that go on where they stopped, until they are a blob.

use std::ops::Range;
use std::time::Duration;

use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, UploadId};

use super::blobs::BlobFuture;

/// An upload whose bytes are staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StagingKey {
    /// Tenant.
    pub org: OrgId,
    /// Who sends it.
    pub device: DeviceId,
    /// The upload.
    pub upload: UploadId,
}

/// An upload, and what is known of it beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagedUpload {
    /// Which one it is.
    pub key: StagingKey,
    /// Whether it is noted, where every node sees it, that something of it has arrived: nobody was told of any byte
    /// otherwise.
    pub has_arrived: bool,
}

/// What has arrived of an upload, held by one writer; dropped, everything that was appended stays.
pub trait Staged: Send {
    /// How many bytes there are.
    fn bytes(&self) -> u64;

    /// Appends bytes.
    fn append<'a>(&'a mut self, bytes: &'a [u8]) -> BlobFuture<'a, ()>;

    /// Reads back bytes that are there: fewer where they end before.
    fn read(&mut self, range: Range<u64>) -> BlobFuture<'_, Vec<u8>>;

    /// Refuses a writer who has lost the upload.
    ///
    /// # Errors
    /// [`BlobError::NotFound`](super::BlobError::NotFound) if somebody else goes on with it, or has ended it.
    fn check(&self) -> BlobFuture<'_, ()>;

    /// Takes back what was appended behind this place.
    fn rewind(&mut self, bytes: u64) -> BlobFuture<'_, ()>;

    /// Makes everything durable, and tells how much that is.
    ///
    /// # Errors
    /// [`BlobError::NotFound`](super::BlobError::NotFound) if somebody else goes on with this upload.
    fn keep(self: Box<Self>) -> BlobFuture<'static, u64>;

    /// Checks the hash if one is given, makes bytes and directory entry durable, and publishes the blob under its
    /// name; tells the name. The staged bytes stay until they are forgotten.
    ///
    /// # Errors
    /// [`BlobError::HashMismatch`](super::BlobError::HashMismatch) and nothing kept, if the bytes hash to something
    /// else.
    fn publish(self: Box<Self>, expected: Option<Hash>) -> BlobFuture<'static, Hash>;
}

/// Keeps unfinished uploads, whatever happens to the process.
///
/// # Concurrency
/// Any number of processes may share it. One writer at a time holds an upload: whoever opens it while another writer
/// does, on a connection that nobody hears any more, takes over what has arrived, and the other writes where nobody
/// reads.
pub trait Staging: Send + Sync + std::fmt::Debug {
    /// Opens an upload at the end of what has arrived.
    fn open(&self, upload: StagedUpload) -> BlobFuture<'_, Box<dyn Staged>>;

    /// How much has been written of an upload, which stays with whoever holds it.
    fn received(&self, upload: StagedUpload) -> BlobFuture<'_, u64>;

    /// Forgets an upload.
    fn forget(&self, upload: StagedUpload) -> BlobFuture<'_, ()>;

    /// Forgets uploads to which nothing was added for so long; tells how many files that were.
    fn forget_unchanged(&self, unchanged_for: Duration) -> BlobFuture<'_, usize>;
}
