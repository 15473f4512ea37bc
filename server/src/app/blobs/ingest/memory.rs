//! How much memory all pictures that are ingested at once may take together.
//!
//! What one may take is bounded before a pixel exists; here the sum is. Originals and what is decoded of them have a share
//! each, and whoever has both took them in this order: nobody waits for one who waits for him. What is kept between two
//! pictures has a share as well, and goes where somebody needs it.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use doorstep_media::Workspace;
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
    kept: Mutex<Vec<Kept>>,
}

/// A workspace and its share of what is decoded, beside what the picture takes that is worked out in it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) workspace: Workspace,
    share: Option<Share>,
}

impl Default for Memory {
    fn default() -> Self {
        let of = |mib: u32| Arc::new(Semaphore::new(usize::try_from(mib).unwrap_or(Semaphore::MAX_PERMITS)));
        Self { originals: of(ORIGINALS_MIB), decoded: of(DECODED_MIB), kept: Mutex::default() }
    }
}

impl Memory {
    /// Waits until an original of so many bytes may be read; one that is larger than all may be has all there is.
    pub(in crate::app::blobs) async fn original(&self, bytes: u64) -> AppResult<Share> {
        take(&self.originals, bytes, ORIGINALS_MIB).await
    }

    /// Waits until so much may be decoded of an original that is held; for whoever holds one.
    pub(in crate::app::blobs) async fn decoded(&self, bytes: u64) -> AppResult<Share> {
        let mut share = pin!(take(&self.decoded, bytes, DECODED_MIB));
        tokio::select! {
            biased;
            share = share.as_mut() => return share,
            () = std::future::ready(()) => (),
        }
        // In line by now: what is kept from here on would find no room.
        self.forget_kept();
        share.await
    }

    /// A workspace for a picture: one that is kept, if any is.
    pub(super) fn workspace(&self) -> Kept {
        self.kept().pop().unwrap_or_default()
    }

    /// Keeps a workspace for the next picture if there is room: whoever waits for memory comes first.
    pub(super) fn keep(&self, Kept { workspace, share }: Kept) {
        drop(share);
        // Under one lock with the look for room, so that whoever needs it finds all that is kept.
        let mut kept = self.kept();
        let share = Arc::clone(&self.decoded).try_acquire_many_owned(mib(workspace.bytes(), DECODED_MIB));
        if let Ok(share) = share {
            kept.push(Kept { workspace, share: Some(share) });
        }
    }

    /// Gives back what is kept: nothing comes next, or somebody needs the room.
    pub(super) fn forget_kept(&self) {
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In the order in which they came, so that a large one is not kept waiting by small ones for ever.
async fn take(from: &Arc<Semaphore>, bytes: u64, most_mib: u32) -> AppResult<Share> {
    let taken = Arc::clone(from).acquire_many_owned(mib(bytes, most_mib)).await;
    taken.map_err(|error| AppError::Internal(error.to_string()))
}

fn mib(bytes: u64, most: u32) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX).min(most)
}

#[cfg(test)]
mod tests {
    use doorstep_media::draw::{DemoPhoto, draw};
    use doorstep_media::limits::{MAX_ALLOC_BYTES, MAX_BYTES};
    use doorstep_media::{Deadline, Limits};

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

    /// A workspace that keeps something.
    fn used() -> Kept {
        let photo = draw(&DemoPhoto { seed: 1, width: 320, height: 240, title: "probe", lines: &[] }).expect("a photo");
        let mut workspace = Workspace::default();
        workspace.ingest(&photo, &Limits::default(), &Deadline::default()).expect("a photo");
        assert!(workspace.bytes() > 0);
        Kept { workspace, share: None }
    }

    fn kept_bytes(memory: &Memory) -> u64 {
        memory.workspace().workspace.bytes()
    }

    #[tokio::test]
    async fn what_is_kept_serves_again_and_makes_room_for_what_waits() {
        let memory = Memory::default();
        let used_once = used();
        let bytes = used_once.workspace.bytes();
        memory.keep(used_once);
        let again = memory.workspace();
        assert_eq!((again.workspace.bytes(), kept_bytes(&memory)), (bytes, 0), "one has it");
        let mut all = pin!(memory.decoded(192 * MIB));
        assert!(at_once(all.as_mut()).await.is_none(), "what is in use counts");
        memory.keep(again);
        let all = at_once(all).await.expect("who waits comes first").expect("open");
        assert_eq!(kept_bytes(&memory), 0);
        drop(all);
        memory.keep(used());
        let all = at_once(memory.decoded(192 * MIB)).await.expect("what is kept makes room").expect("open");
        memory.keep(used());
        assert_eq!(kept_bytes(&memory), 0, "there is no room to keep it");
        drop(all);
        memory.keep(used());
        memory.forget_kept();
        assert_eq!(kept_bytes(&memory), 0);
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
