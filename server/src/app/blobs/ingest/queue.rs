//! Who may ingest a picture when: wakes the job, bounds what it does at once, and ends it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::memory::Memory;
use crate::app::{AppError, AppResult};

/// The right to ingest one picture; the next one has it when the last clone is dropped.
pub(super) type Turn = Arc<OwnedSemaphorePermit>;

/// Wakes the job and bounds how many pictures are ingested at once.
#[derive(Debug)]
pub struct IngestQueue {
    awake: Notify,
    turns: Arc<Semaphore>,
    count: u32,
    memory: Memory,
    is_closed: AtomicBool,
    pictures: Arc<Mutex<Pictures>>,
}

/// A picture.
pub(in crate::app) type Picture = (OrgId, Hash);

/// What this process knows of pictures.
#[derive(Debug, Default)]
struct Pictures {
    /// Those that are begun, with how often each was begun before.
    begun: HashMap<Picture, i64>,
    /// Those whose original could not be read, with when.
    unread: HashMap<Picture, i64>,
}

/// A picture that is begun; dropping it ends that.
pub(super) struct Begun {
    pictures: Arc<Mutex<Pictures>>,
    picture: Picture,
}

impl Drop for Begun {
    fn drop(&mut self) {
        locked(&self.pictures).begun.remove(&self.picture);
    }
}

fn locked(pictures: &Mutex<Pictures>) -> MutexGuard<'_, Pictures> {
    pictures.lock().unwrap_or_else(PoisonError::into_inner)
}

impl IngestQueue {
    /// A queue in which at most `turns` pictures are ingested at once.
    #[must_use]
    pub fn new(turns: usize) -> Self {
        let count = u32::try_from(turns.max(1)).unwrap_or(u32::MAX);
        let turns = Arc::new(Semaphore::new(turns.max(1)));
        Self {
            awake: Notify::new(),
            turns,
            count,
            memory: Memory::default(),
            is_closed: AtomicBool::new(false),
            pictures: Arc::default(),
        }
    }

    /// How many pictures are ingested at once at most.
    pub(super) fn at_once(&self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    /// Says that something may be pending.
    pub fn wake(&self) {
        self.awake.notify_one();
    }

    /// Waits until somebody says so.
    pub async fn woken(&self) {
        self.awake.notified().await;
    }

    /// Lets no picture begin from now on, and waits until what is kept of those that have begun is stored.
    pub async fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        if let Ok(all) = self.turns.acquire_many(self.count).await {
            all.forget();
        }
    }

    /// The memory of all pictures that are ingested.
    pub(in crate::app::blobs) const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Notes that a picture is begun, and how often it was before.
    pub(super) fn begun(&self, picture: Picture, before: i64) -> Begun {
        locked(&self.pictures).begun.insert(picture, before);
        Begun { pictures: Arc::clone(&self.pictures), picture }
    }

    /// The pictures that are begun, with how often each was begun before.
    pub(super) fn all_begun(&self) -> Vec<(Picture, i64)> {
        locked(&self.pictures).begun.iter().map(|(picture, before)| (*picture, *before)).collect()
    }

    /// Notes that the original of a picture could not be read.
    pub(super) fn note_unread(&self, picture: Picture, now_ms: i64) {
        locked(&self.pictures).unread.insert(picture, now_ms);
    }

    /// Forgets that: its bytes are written anew.
    pub(in crate::app) fn forget_unread(&self, picture: Picture) {
        locked(&self.pictures).unread.remove(&picture);
    }

    /// Whether the original of a picture could not be read since; what is older is forgotten.
    pub(super) fn was_unread(&self, picture: Picture, since_ms: i64) -> bool {
        let mut pictures = locked(&self.pictures);
        pictures.unread.retain(|_, at_ms| *at_ms > since_ms);
        pictures.unread.contains_key(&picture)
    }

    /// Whether no picture may begin any more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Waits for the turn of a picture that was begun and never ended so often; none once the queue is closed.
    ///
    /// One that may have ended the process has all turns: whatever went on beside it would be blamed as well.
    pub(super) async fn turn(&self, attempts: i64) -> AppResult<Option<Turn>> {
        let turns = if attempts > 0 { self.count } else { 1 };
        let turn = Arc::clone(&self.turns).acquire_many_owned(turns).await;
        let turn = turn.map_err(|error| AppError::Internal(error.to_string()))?;
        // Looked at with the turn in hand: who closes the queue waits for it.
        Ok((!self.is_closed()).then(|| Arc::new(turn)))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    /// What a future gives without waiting for anything.
    async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = future => Some(done),
            () = std::future::ready(()) => None,
        }
    }

    #[test]
    fn what_could_not_be_read_is_left_alone_for_a_time_and_until_it_is_written_anew() {
        let queue = IngestQueue::new(1);
        let [one, two] = [1, 2].map(|n| (OrgId::from_bytes([n; 16]), Hash([n; 32])));
        queue.note_unread(one, 10);
        queue.note_unread(two, 10);
        queue.forget_unread(one);
        assert_eq!(
            (queue.was_unread(one, 9), queue.was_unread(two, 9), queue.was_unread(two, 10)),
            (false, true, false)
        );
    }

    #[test]
    fn what_is_begun_is_known_until_it_ends() {
        let queue = IngestQueue::new(1);
        let picture = (OrgId::from_bytes([1; 16]), Hash([1; 32]));
        let begun = queue.begun(picture, 1);
        assert_eq!(queue.all_begun(), [(picture, 1)]);
        drop(begun);
        assert_eq!(queue.all_begun(), []);
    }

    #[tokio::test]
    async fn what_may_have_ended_the_process_is_begun_alone() {
        let queue = IngestQueue::new(2);
        let first = queue.turn(0).await.expect("open").expect("a turn");
        let mut suspect = pin!(queue.turn(1));
        assert!(at_once(suspect.as_mut()).await.is_none(), "another one is begun");
        drop(first);
        let alone = suspect.await.expect("open").expect("a turn");
        let mut next = pin!(queue.turn(0));
        assert!(at_once(next.as_mut()).await.is_none(), "nothing begins beside it");
        drop(alone);
        assert!(next.await.expect("open").is_some());
    }

    #[tokio::test]
    async fn a_closed_queue_waits_for_what_has_begun_and_lets_nothing_begin() {
        let queue = IngestQueue::new(1);
        let turn = queue.turn(0).await.expect("open").expect("a turn");
        let mut in_line = pin!(queue.turn(0));
        assert!(at_once(in_line.as_mut()).await.is_none());
        let mut closing = pin!(queue.close());
        assert!(at_once(closing.as_mut()).await.is_none(), "one has begun");
        drop(turn);
        assert!(in_line.await.expect("an answer").is_none(), "in line before it closed, and not begun");
        closing.await;
    }
}
