//! A bound after which a test fails by name, where it would wait for ever if what it waits for never came.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Longer than anything takes that works at all: no test depends on how long something takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asked again and again while a test waits.
#[derive(Debug)]
pub struct Bound {
    what: &'static str,
    is_over: Receiver<()>,
    /// Its end ends the thread that counts.
    _held: Sender<()>,
}

impl Bound {
    /// Begins to wait for something.
    #[must_use]
    pub fn on(what: &'static str) -> Self {
        let ((held, let_go), (tell, is_over)) = (mpsc::channel::<()>(), mpsc::channel());
        thread::spawn(move || {
            if let_go.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                // Nobody asks any more once the test is over.
                let _ = tell.send(());
            }
        });
        Self { what, is_over, _held: held }
    }

    /// Goes on waiting.
    ///
    /// # Panics
    /// If it took too long.
    pub fn check(&self) {
        assert!(self.is_over.try_recv().is_err(), "waited in vain: {}", self.what);
    }
}
