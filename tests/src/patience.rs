//! Waiting for what must come: what does not come fails by its name, and keeps no run from its end.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, atomic};
use std::time::Duration;

/// Longer than anything takes that works at all, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Says when [`PATIENCE`] has ended; it bounds a wait and measures nothing.
#[derive(Debug)]
struct Bound {
    is_over: Arc<atomic::AtomicBool>,
    /// The clock stops with whoever waited.
    _waiting: mpsc::Sender<()>,
}

impl Bound {
    fn begin() -> Self {
        let is_over = Arc::new(atomic::AtomicBool::new(false));
        let (waiting, ended) = mpsc::channel::<()>();
        let told = Arc::clone(&is_over);
        std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                told.store(true, atomic::Ordering::Relaxed);
            }
        });
        Self { is_over, _waiting: waiting }
    }

    #[track_caller]
    fn check(&self, what: &str) {
        let is_over = self.is_over.load(atomic::Ordering::Relaxed);
        assert!(!is_over, "it has not come within {} s: {what}", PATIENCE.as_secs());
    }
}

/// Looks again and again until something is so.
///
/// # Panics
/// With what it should be, if it is not in time.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    until_some(what, || is_so().then_some(()));
}

/// Looks again and again until there is something.
///
/// # Panics
/// With what it should be, if it is not there in time.
#[track_caller]
pub fn until_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let bound = Bound::begin();
    loop {
        if let Some(found) = look() {
            return found;
        }
        bound.check(what);
        std::thread::yield_now();
    }
}

/// Waits for what goes on without the test.
///
/// # Panics
/// With what it should be, if it does not come in time.
pub async fn come<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    let come = tokio::time::timeout(PATIENCE, waiting).await;
    come.unwrap_or_else(|_elapsed| panic!("it has not come within {} s: {what}", PATIENCE.as_secs()))
}
