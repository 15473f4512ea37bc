//! Which uploads and blobs this process is receiving: whoever comes anew takes the place of a connection that nobody hears.
//!
//! Nothing of it is needed for the bytes to be right, which is the storage's affair; it frees what the old one holds.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use sync_core::ids::{DeviceId, OrgId};
use tokio::sync::watch;
use tokio::time::sleep;

use super::locked;
use crate::app::{AppError, AppResult, ErrorCode, Refusal};
use crate::ports::{StagingKey, UploadKey};

/// How long who is told to stop may take to write down what he has.
///
/// # Source
/// Who comes anew has an upload within two seconds: half of them are left for taking it over.
const GRACE: Duration = Duration::from_secs(1);

/// The uploads and blobs that requests of this process work on, one request each.
#[derive(Debug, Clone, Default)]
pub struct ActiveUploads(Arc<Mutex<HashMap<Received, Stop>>>);

/// What a request brings bytes of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::app) enum Received {
    /// An upload that goes on where it stopped.
    Upload(StagingKey),
    /// A blob in one piece.
    Blob(UploadKey),
}

impl Received {
    const fn sender(&self) -> (OrgId, DeviceId) {
        match self {
            Self::Upload(key) => (key.org, key.device),
            Self::Blob(key) => (key.org, key.device),
        }
    }
}

/// Tells whether to stop; closed once who was told has stopped.
type Stop = Arc<watch::Sender<bool>>;

/// One request's turn with an upload or a blob; dropping it ends the turn.
#[derive(Debug)]
pub(in crate::app) struct Turn {
    active: ActiveUploads,
    key: Received,
    own: Stop,
    stop: watch::Receiver<bool>,
}

impl ActiveUploads {
    /// Takes the turn with an upload or a blob, from whoever has it.
    ///
    /// # Errors
    /// `too_many_uploads` if the device has so many others under way.
    pub(in crate::app) async fn enter(&self, key: Received, most: usize) -> AppResult<Turn> {
        self.enter_within(key, most, sleep(GRACE)).await
    }

    async fn enter_within(&self, key: Received, most: usize, grace: impl Future<Output = ()>) -> AppResult<Turn> {
        let (turn, before) = self.register(key, most)?;
        if let Some(before) = before {
            before.send_replace(true);
            tokio::select! {
                () = before.closed() => {}
                // Who does not stop in time writes where nobody reads.
                () = grace => {}
            }
        }
        Ok(turn)
    }

    fn register(&self, key: Received, most: usize) -> AppResult<(Turn, Option<Stop>)> {
        let mut active = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_other = |one: &&Received| **one != key && one.sender() == key.sender();
        let others = active.keys().filter(is_other).count();
        if others >= most {
            let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            return Err(Refusal::new(ErrorCode::TooManyUploads).limit(number(most), number(others)).into());
        }
        let (own, stop) = watch::channel(false);
        let own = Arc::new(own);
        let before = active.insert(key, Arc::clone(&own));
        Ok((Turn { active: self.clone(), key, own, stop }, before))
    }
}

impl Turn {
    /// Waits until somebody else takes the turn.
    async fn is_over(&mut self) {
        if self.stop.wait_for(|stop| *stop).await.is_err() {
            // Not while the sender is ours.
            std::future::pending().await
        }
    }

    /// The bytes of a request as long as the turn lasts, which ends with them.
    pub(in crate::app) fn of<S>(&mut self, body: S) -> InTurn<S, impl Future<Output = ()>> {
        InTurn { body, over: Box::pin(self.is_over()) }
    }

    /// Whether somebody else has taken the turn.
    pub(super) fn has_ended(&self) -> bool {
        *self.stop.borrow()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut active = self.active.0.lock().unwrap_or_else(PoisonError::into_inner);
        if active.get(&self.key).is_some_and(|one| Arc::ptr_eq(one, &self.own)) {
            active.remove(&self.key);
        }
    }
}

/// The bytes of a request in its turn.
pub(in crate::app) struct InTurn<S, O> {
    body: S,
    over: Pin<Box<O>>,
}

impl<B, E: Into<AppError>, S: Stream<Item = Result<B, E>> + Unpin, O: Future<Output = ()>> Stream for InTurn<S, O> {
    type Item = AppResult<B>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<AppResult<B>>> {
        // First: a fast sender has something at every look, and whoever has the turn now would wait for its end.
        if self.over.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(locked())));
        }
        Pin::new(&mut self.body).poll_next(cx).map(|part| part.map(|part| part.map_err(Into::into)))
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::pin::pin;

    use sync_core::ids::{DeviceId, OrgId, UploadId};
    use tokio::sync::oneshot;

    use super::*;

    const KEY: Received = Received::Upload(StagingKey {
        org: OrgId::from_bytes([1; 16]),
        device: DeviceId::from_bytes([2; 16]),
        upload: UploadId::from_bytes([3; 16]),
    });

    /// Whether it has come to its end, looked at once.
    async fn has_ended<T>(mut waiting: Pin<&mut impl Future<Output = T>>) -> bool {
        std::future::poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_ready())).await
    }

    #[tokio::test]
    async fn a_request_that_does_not_stop_is_waited_for_as_long_as_the_grace_lasts_and_no_longer() {
        let active = ActiveUploads::default();
        let stuck = active.enter(KEY, 1).await.expect("nobody else");
        assert!(!stuck.has_ended());
        let (ends, end) = oneshot::channel::<()>();
        let grace = async {
            let _ = end.await;
        };
        let mut entering = pin!(active.enter_within(KEY, 1, grace));
        assert!(!has_ended(entering.as_mut()).await, "it has time to write down what it has");
        assert!(stuck.has_ended(), "and is told at once");
        ends.send(()).expect("somebody waits");
        let turn = entering.await.expect("a turn");
        assert!(!turn.has_ended());
        // Whenever it stops, the turn stays where it is.
        drop(stuck);
        assert_eq!(active.0.lock().expect("whole").len(), 1);
        assert!(!turn.has_ended());
    }

    #[tokio::test]
    async fn who_stops_is_waited_for_no_longer_than_that() {
        let active = ActiveUploads::default();
        let mut before = active.enter(KEY, 1).await.expect("nobody else");
        let mut entering = pin!(active.enter_within(KEY, 1, pending()));
        assert!(!has_ended(entering.as_mut()).await);
        before.is_over().await;
        drop(before);
        assert!(!entering.await.expect("a turn").has_ended());
    }
}
