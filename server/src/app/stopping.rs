//! How the process stops: first it says so, then it closes what would go on for ever.

use std::sync::Arc;

use tokio::sync::watch;

/// How far the stop has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    Draining,
    Closing,
}

/// Whether the process is about to stop; clones are the same.
#[derive(Debug, Clone)]
pub struct Stopping(Arc<watch::Sender<Phase>>);

impl Default for Stopping {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Serving)))
    }
}

impl Stopping {
    /// From now on the process is not ready: who shares out requests should send none here.
    pub fn drain(&self) {
        self.0.send_replace(Phase::Draining);
    }

    /// From now on live streams end.
    pub fn close(&self) {
        self.0.send_replace(Phase::Closing);
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        *self.0.borrow() >= Phase::Draining
    }

    /// Waits until live streams are to end.
    pub async fn closing(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|phase| *phase == Phase::Closing).await;
    }
}
