//! How much memory all pictures that are ingested at once may take together.
//!
//! What one may take is bounded before a pixel exists; here the sum is. Originals and what is decoded of them have a share
//! each, and whoever has both took them in this order: nobody waits for one who waits for him.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::{AppError, AppResult};

/// What all originals may take together that are held while they are ingested: as much as the largest.
///
/// # Units
/// MiB.
///
/// # Source
/// photo-notes: less than 300 MiB for the process, of which it takes up to 65 MiB without pictures.
const ORIGINALS_MIB: u32 = 40;

/// What all that is decoded may take together: as much as the largest picture.
///
/// # Units
/// MiB.
///
/// # Source
/// As [`ORIGINALS_MIB`].
const DECODED_MIB: u32 = 192;

/// A share of the memory; free again when it is dropped.
pub(in crate::app::blobs) type Share = OwnedSemaphorePermit;

/// The memory of all pictures that are ingested.
#[derive(Debug)]
pub(in crate::app::blobs) struct Memory {
    originals: Arc<Semaphore>,
    decoded: Arc<Semaphore>,
}

impl Default for Memory {
    fn default() -> Self {
        let of = |mib: u32| Arc::new(Semaphore::new(usize::try_from(mib).unwrap_or(Semaphore::MAX_PERMITS)));
        Self { originals: of(ORIGINALS_MIB), decoded: of(DECODED_MIB) }
    }
}

impl Memory {
    /// Waits until an original of so many bytes may be read; one that is larger than all may be has all there is.
    pub(in crate::app::blobs) async fn original(&self, bytes: u64) -> AppResult<Share> {
        take(&self.originals, bytes, ORIGINALS_MIB).await
    }

    /// Waits until so much may be decoded of an original that is held; for whoever holds one.
    pub(in crate::app::blobs) async fn decoded(&self, bytes: u64) -> AppResult<Share> {
        take(&self.decoded, bytes, DECODED_MIB).await
    }
}

/// In the order in which they came, so that a large one is not kept waiting by small ones for ever.
async fn take(from: &Arc<Semaphore>, bytes: u64, most_mib: u32) -> AppResult<Share> {
    let mib = u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX);
    let taken = Arc::clone(from).acquire_many_owned(mib.min(most_mib)).await;
    taken.map_err(|error| AppError::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use doorstep_media::limits::{MAX_ALLOC_BYTES, MAX_BYTES};

    use super::*;

    const MIB: u64 = 1 << 20;

    /// What a future gives without waiting for anything.
    async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = future => Some(done),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn all_that_is_decoded_at_once_takes_no_more_than_the_largest_picture_may() {
        let memory = Memory::default();
        let [first, second] = [100 * MIB, 92 * MIB].map(|bytes| memory.decoded(bytes));
        let (first, _second) = (first.await.expect("open"), second.await.expect("open"));
        let mut third = pin!(memory.decoded(1));
        assert!(at_once(third.as_mut()).await.is_none(), "192 MiB are taken");
        assert!(at_once(memory.original(40 * MIB)).await.is_some(), "originals have a share of their own");
        drop(first);
        let third = at_once(third).await.expect("there is room").expect("open");
        let mut large = pin!(memory.decoded(100 * MIB));
        assert!(at_once(large.as_mut()).await.is_none());
        let mut small = pin!(memory.decoded(MIB));
        assert!(at_once(small.as_mut()).await.is_none(), "it came later");
        drop(third);
        assert!(at_once(large).await.is_some());
        assert!(at_once(small).await.is_some());
    }

    #[test]
    fn the_largest_picture_that_is_allowed_has_room() {
        assert_eq!(usize::try_from(u64::from(ORIGINALS_MIB) * MIB), Ok(MAX_BYTES));
        assert_eq!(u64::from(DECODED_MIB) * MIB, MAX_ALLOC_BYTES);
    }

    #[tokio::test]
    async fn what_is_larger_than_all_may_be_has_all_there_is() {
        let memory = Memory::default();
        let all = memory.original(u64::MAX).await.expect("open");
        let mut next = pin!(memory.original(1));
        assert!(at_once(next.as_mut()).await.is_none());
        drop(all);
        assert!(next.await.is_ok());
    }
}
