//! Where the received parts of unfinished uploads are kept for nodes that have no directory in common.

use std::ops::Range;
use std::time::Duration;

use super::blobs::BlobFuture;
use super::staging::StagingKey;

/// Keeps parts of uploads until these have become blobs.
///
/// # Concurrency
/// Any number of processes may share it. Who keeps a part that is there writes the same bytes once more.
pub trait Parts: Send + Sync + std::fmt::Debug {
    /// Keeps bytes of an upload that begin at a place; they are durable when this returns.
    fn put(&self, key: StagingKey, from: u64, bytes: Vec<u8>) -> BlobFuture<'_, ()>;

    /// Which parts there are of an upload, in no order; some may overlap.
    fn list(&self, key: StagingKey) -> BlobFuture<'_, Vec<Range<u64>>>;

    /// Reads a part as a whole.
    fn read(&self, key: StagingKey, part: Range<u64>) -> BlobFuture<'_, Vec<u8>>;

    /// Forgets all parts of an upload.
    fn forget(&self, key: StagingKey) -> BlobFuture<'_, ()>;

    /// Forgets the parts of uploads to which none was added for so long; tells how many those were.
    fn forget_unchanged(&self, unchanged_for: Duration) -> BlobFuture<'_, usize>;
}
