//! An original on its way: its reader has a place for as long as he takes enough of it.
//!
//! Owns the pace of readers; it must not know what is sent, nor to whom.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::web::Bytes;
use futures_core::Stream;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::config::LimitsConfig;
use crate::ports::blobs::BlobFuture;
use crate::ports::{BlobError, BlobPieces};

/// Most bytes that are handed on at once, and with them what a connection holds of an original that nobody takes.
///
/// # Source
/// The HTTP library asks for more once it holds less than this.
const SLICE_BYTES: usize = 32 << 10;

/// The bytes of an original as its reader takes them.
///
/// The library asks for more only once it has room, so a reader who takes too little is not noticed here: another task
/// looks after each window whether enough was asked for.
pub(super) struct Sending<P> {
    left: Arc<Mutex<Left<P>>>,
    pace: AbortHandle,
}

/// What is left of an original, and what was taken of it.
struct Left<P> {
    /// None once its reader has taken too little.
    rest: Option<Rest<P>>,
    /// Bytes of this window.
    taken: u64,
    /// Least number of bytes in a window.
    floor: u64,
    /// Whether it is the storage that is waited for, and not the reader.
    is_read: bool,
}

/// Bytes that nobody has taken yet, with the place that they hold.
struct Rest<P> {
    piece: Bytes,
    /// The piece behind it, which is being read.
    next: BlobFuture<'static, Option<Read>>,
    /// Among the originals that are sent, until the last byte is.
    _place: P,
}

/// A piece that was read, and those behind it.
type Read = (Vec<u8>, Box<dyn BlobPieces>);

async fn next_of(mut pieces: Box<dyn BlobPieces>) -> Result<Option<Read>, BlobError> {
    Ok(pieces.next().await?.map(|piece| (piece, pieces)))
}

impl<P: Send + 'static> Sending<P> {
    /// Begins to send, and to look how much is taken.
    pub(super) fn begin(pieces: Box<dyn BlobPieces>, place: P, limits: &LimitsConfig) -> Self {
        let floor = limits.original_bytes_per_sec.saturating_mul(limits.original_window_ms) / 1000;
        let left = Arc::new(Mutex::new(Left::new(pieces, place, floor)));
        let window = Duration::from_millis(limits.original_window_ms.max(1));
        let pace = tokio::spawn(keep_pace(Arc::downgrade(&left), window)).abort_handle();
        Self { left, pace }
    }
}

/// Ends what is sent to a reader who takes too little in a window.
async fn keep_pace<P>(left: Weak<Mutex<Left<P>>>, window: Duration) {
    loop {
        sleep(window).await;
        let Some(left) = left.upgrade() else { return };
        if !lock(&left).goes_on() {
            tracing::info!("who took too little of an original has lost his place");
            return;
        }
    }
}

fn lock<P>(left: &Mutex<Left<P>>) -> MutexGuard<'_, Left<P>> {
    // Each change is complete in itself.
    left.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<P> Drop for Sending<P> {
    fn drop(&mut self) {
        self.pace.abort();
    }
}

impl<P> Stream for Sending<P> {
    type Item = Result<Bytes, BlobError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        lock(&self.left).poll_slice(cx)
    }
}

impl<P> Left<P> {
    fn new(pieces: Box<dyn BlobPieces>, place: P, floor: u64) -> Self {
        let rest = Rest { piece: Bytes::new(), next: Box::pin(next_of(pieces)), _place: place };
        Self { rest: Some(rest), taken: 0, floor, is_read: false }
    }

    fn poll_slice(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BlobError>>> {
        let Some(rest) = &mut self.rest else { return Poll::Ready(Some(Err(too_slow()))) };
        if rest.piece.is_empty() {
            let next = rest.next.as_mut().poll(cx);
            self.is_read = next.is_pending();
            let Some((piece, pieces)) = ready!(next?) else { return Poll::Ready(None) };
            (rest.piece, rest.next) = (piece.into(), Box::pin(next_of(pieces)));
        }
        let slice = rest.piece.split_to(rest.piece.len().min(SLICE_BYTES));
        self.taken = self.taken.saturating_add(u64::try_from(slice.len()).unwrap_or(u64::MAX));
        Poll::Ready(Some(Ok(slice)))
    }

    /// Ends a window, and with it what is sent if too little of it was taken: the place is free, and what was read is
    /// forgotten. The connection ends when its reader has taken what is on its way.
    fn goes_on(&mut self) -> bool {
        let is_enough = self.is_read || self.taken >= self.floor;
        if !is_enough {
            self.rest = None;
        }
        self.taken = 0;
        is_enough
    }
}

fn too_slow() -> BlobError {
    BlobError::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "its reader takes too little"))
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::task::Waker;

    use tokio::sync::{OwnedSemaphorePermit, Semaphore};

    use super::*;

    /// Pieces of two slices without an end; none after that while the storage is silent.
    struct Endless {
        given: usize,
        until_silent: usize,
    }

    impl BlobPieces for Endless {
        fn next(&mut self) -> BlobFuture<'_, Option<Vec<u8>>> {
            self.given += 1;
            if self.given > self.until_silent {
                Box::pin(pending())
            } else {
                Box::pin(async { Ok(Some(vec![7; 2 * SLICE_BYTES])) })
            }
        }
    }

    /// What is sent to a reader who is to take two slices in a window, and the one place.
    fn begun(until_silent: usize) -> (Left<OwnedSemaphorePermit>, Arc<Semaphore>) {
        let places = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&places).try_acquire_owned().expect("a place");
        let floor = u64::try_from(2 * SLICE_BYTES).expect("small");
        (Left::new(Box::new(Endless { given: 0, until_silent }), place, floor), places)
    }

    fn take(left: &mut Left<OwnedSemaphorePermit>) -> Poll<Option<Result<Bytes, BlobError>>> {
        left.poll_slice(&mut Context::from_waker(Waker::noop()))
    }

    fn takes(left: &mut Left<OwnedSemaphorePermit>, slices: usize) {
        for _ in 0..slices {
            let Poll::Ready(Some(Ok(slice))) = take(left) else { panic!("there is more") };
            assert_eq!(slice, vec![7; SLICE_BYTES]);
        }
    }

    #[test]
    fn who_takes_enough_in_each_window_goes_on_and_who_takes_too_little_loses_his_place() {
        let (mut left, places) = begun(usize::MAX);
        for slices in [3, 2] {
            takes(&mut left, slices);
            assert!(left.goes_on());
        }
        takes(&mut left, 1);
        assert_eq!(places.available_permits(), 0);
        assert!(!left.goes_on(), "what he took before does not count");
        assert_eq!(places.available_permits(), 1);
        let Poll::Ready(Some(Err(error))) = take(&mut left) else { panic!("the answer ends") };
        assert_eq!(error.to_string(), "blob storage failed: its reader takes too little");
    }

    #[test]
    fn nobody_loses_his_place_because_the_storage_is_slow() {
        let (mut left, places) = begun(1);
        takes(&mut left, 2);
        assert!(left.goes_on());
        assert!(take(&mut left).is_pending());
        assert!(left.goes_on() && left.goes_on());
        assert_eq!(places.available_permits(), 0);
    }
}
