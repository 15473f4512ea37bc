//! Uploads that go on at nodes which have a bucket in common and no directory.
//!
//! What has arrived is staged in a directory of the node, as everywhere. Before more of it is told than the bucket holds,
//! the rest is kept there as a part: so any node has every byte that was told, and fetches what it lacks when the upload
//! comes to it. An upload that comes in one piece, as nearly all do, never is a part.
//!
//! Bytes that were not what was declared go from the bucket and from the node that found them wrong. Another node that has
//! some of them still goes on with them, finds the whole wrong in its turn, and forgets them then.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use sync_core::bytes::Hash;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::ports::blobs::{BlobError, BlobFuture};
use crate::ports::parts::Parts;
use crate::ports::staging::{Staged, StagedUpload, Staging, StagingKey};

/// Most bytes of a part.
///
/// # Source
/// As of the parts of a large blob (`s3_objects`).
const PART_BYTES: u64 = 8 << 20;

/// Parts that are in memory at once.
///
/// # Source
/// With `PART_BYTES` of each 64 MiB, however many uploads break off at once.
const AT_ONCE: usize = 8;

/// How long a part waits for room, while others wait for a bucket that hangs.
///
/// # Source
/// As long as one request to the bucket is sent again (`s3_objects`).
const PATIENCE: Duration = Duration::from_secs(20);

/// Stages uploads in a directory, and shares what was told of them.
#[derive(Debug)]
pub(super) struct BucketStaging {
    local: Arc<dyn Staging>,
    parts: Arc<dyn Parts>,
    room: Arc<Semaphore>,
}

struct Shared {
    local: Box<dyn Staged>,
    key: StagingKey,
    parts: Arc<dyn Parts>,
    room: Arc<Semaphore>,
    /// Bytes from the beginning on that any node finds.
    shared: u64,
}

impl BucketStaging {
    pub(super) fn new(local: Arc<dyn Staging>, parts: Arc<dyn Parts>) -> Self {
        Self { local, parts, room: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// The parts, from the first byte on, that leave no gap, each with what it adds to those before it.
fn without_gap(mut parts: Vec<Range<u64>>) -> Vec<Range<u64>> {
    parts.sort_by_key(|part| (part.start, part.end));
    let mut end = 0;
    parts.retain(|part| {
        let adds = part.start <= end && part.end > end;
        if adds {
            end = part.end;
        }
        adds
    });
    parts
}

async fn permit(room: &Semaphore) -> Result<SemaphorePermit<'_>, BlobError> {
    match tokio::time::timeout(PATIENCE, room.acquire()).await {
        Ok(permit) => permit.map_err(|error| BlobError::Io(std::io::Error::other(error))),
        Err(elapsed) => Err(BlobError::Unreachable(Box::new(elapsed))),
    }
}

impl Shared {
    /// Appends what other nodes received.
    async fn fetch(&mut self, parts: Vec<Range<u64>>) -> Result<(), BlobError> {
        self.shared = parts.last().map_or(0, |part| part.end);
        for part in parts {
            let here = self.local.bytes();
            if part.end <= here {
                continue;
            }
            let _room = permit(&self.room).await?;
            let bytes = self.parts.read(self.key, part.clone()).await?;
            let known = usize::try_from(here.saturating_sub(part.start)).unwrap_or(usize::MAX);
            let missing = bytes.get(known..).unwrap_or_default();
            let whole = part.end.saturating_sub(part.start);
            if u64::try_from(bytes.len()) != Ok(whole) {
                let text = format!("a part of {whole} bytes has {}", bytes.len());
                return Err(BlobError::Unreachable(text.into()));
            }
            self.local.append(missing).await?;
        }
        Ok(())
    }

    /// Keeps in the bucket what it lacks.
    async fn share(&mut self) -> Result<(), BlobError> {
        while self.shared < self.local.bytes() {
            let _room = permit(&self.room).await?;
            // Whoever has taken it over here, or ended it, has nothing added to what he knows.
            self.local.check().await?;
            let part = self.shared..self.local.bytes().min(self.shared.saturating_add(PART_BYTES));
            let bytes = self.local.read(part.clone()).await?;
            self.parts.put(self.key, part.start, bytes).await?;
            self.shared = part.end;
        }
        Ok(())
    }
}

impl Staged for Shared {
    fn bytes(&self) -> u64 {
        self.local.bytes()
    }

    fn append<'a>(&'a mut self, bytes: &'a [u8]) -> BlobFuture<'a, ()> {
        self.local.append(bytes)
    }

    fn read(&mut self, range: Range<u64>) -> BlobFuture<'_, Vec<u8>> {
        self.local.read(range)
    }

    fn rewind(&mut self, bytes: u64) -> BlobFuture<'_, ()> {
        self.local.rewind(bytes)
    }

    fn check(&self) -> BlobFuture<'_, ()> {
        self.local.check()
    }

    fn keep(mut self: Box<Self>) -> BlobFuture<'static, u64> {
        Box::pin(async move {
            self.share().await?;
            self.local.keep().await
        })
    }

    fn publish(self: Box<Self>, expected: Option<Hash>) -> BlobFuture<'static, Hash> {
        Box::pin(async move {
            let published = self.local.publish(expected).await;
            if let Err(BlobError::HashMismatch { .. }) = published
                && let Err(error) = self.parts.forget(self.key).await
            {
                // The upload begins anew. Where its parts come back, they are found wrong once more.
                tracing::error!(upload = %self.key.upload, %error, "parts that were found wrong could not be removed");
            }
            published
        })
    }
}

impl Staging for BucketStaging {
    fn open(&self, upload: StagedUpload) -> BlobFuture<'_, Box<dyn Staged>> {
        Box::pin(async move {
            let (key, local) = (upload.key, self.local.open(upload).await?);
            let (parts, room) = (Arc::clone(&self.parts), Arc::clone(&self.room));
            let mut shared = Shared { local, key, parts, room, shared: 0 };
            if upload.has_arrived {
                shared.fetch(without_gap(self.parts.list(key).await?)).await?;
            }
            let staged: Box<dyn Staged> = Box::new(shared);
            Ok(staged)
        })
    }

    /// Only what is here: who has the end of an upload, and was killed before he could make it a blob, is the one that does.
    fn received(&self, upload: StagedUpload) -> BlobFuture<'_, u64> {
        self.local.received(upload)
    }

    fn forget(&self, upload: StagedUpload) -> BlobFuture<'_, ()> {
        Box::pin(async move {
            if upload.has_arrived {
                self.parts.forget(upload.key).await?;
            }
            self.local.forget(upload).await
        })
    }

    fn forget_unchanged(&self, unchanged_for: Duration) -> BlobFuture<'_, usize> {
        Box::pin(async move {
            let here = self.local.forget_unchanged(unchanged_for).await?;
            Ok(here.saturating_add(self.parts.forget_unchanged(unchanged_for).await?))
        })
    }
}

#[cfg(test)]
#[path = "bucket_staging_tests.rs"]
mod tests;
