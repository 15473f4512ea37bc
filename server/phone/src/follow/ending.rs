//! How `follow` ends: by a signal, between two syncs. Knows nothing of streams.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::Word;

/// Whether the process was told to end; clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_told: bool,
    /// Who waits now; not held, so that the end of a stream is still seen by its listener.
    waiting: Weak<Sender<Word>>,
}

impl Ending {
    /// Takes signals from now on, on a thread of its own: without it they would end the process in the middle.
    pub(super) fn watch() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let told = told_to_end(&runtime)?;
        let ending = Self::default();
        let watching = ending.clone();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(told);
            watching.end();
        })?;
        Ok(ending)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is complete in itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let mut state = self.lock();
        state.is_told = true;
        if let Some(waiting) = state.waiting.upgrade() {
            // It may have stopped waiting: then it looks before it waits again.
            let _ = waiting.send(Word::End);
        }
    }

    /// Whether it was told.
    pub(super) fn is_told(&self) -> bool {
        self.lock().is_told
    }

    /// Wakes this one, and no other, when it is told.
    pub(super) fn wakes(&self, waiting: &Arc<Sender<Word>>) {
        let mut state = self.lock();
        state.waiting = Arc::downgrade(waiting);
        if state.is_told {
            // The receiver is the caller's.
            let _ = waiting.send(Word::End);
        }
    }

    /// Lets time pass; true at once when it is told.
    pub(super) fn is_told_within(&self, span: Duration) -> bool {
        let (sender, words) = channel();
        let sender = Arc::new(sender);
        self.wakes(&sender);
        words.recv_timeout(span).is_ok()
    }
}

/// What ends with the first signal to end; signals are kept from now on, not only once it is awaited.
#[cfg(unix)]
fn told_to_end(runtime: &Runtime) -> io::Result<impl Future<Output = ()> + use<>> {
    use tokio::signal::unix::{SignalKind, signal};
    let _inside = runtime.enter();
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
}

/// What ends when somebody at the terminal says so.
#[cfg(not(unix))]
fn told_to_end(_runtime: &Runtime) -> io::Result<impl Future<Output = ()> + use<>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_woken_and_who_waits_later_waits_not_at_all() {
        let ending = Ending::default();
        assert!(!ending.is_told_within(Duration::ZERO));
        let (sender, words) = channel();
        let sender = Arc::new(sender);
        ending.wakes(&sender);
        ending.end();
        assert_eq!(words.recv(), Ok(Word::End));
        assert!(ending.is_told() && ending.is_told_within(Duration::MAX));
        drop(sender);
        assert!(words.recv().is_err(), "the end of the stream is seen");
    }
}
