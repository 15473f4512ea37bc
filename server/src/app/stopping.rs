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

/// What is known of the stop.
#[derive(Debug, Clone, Copy)]
struct Course {
    phase: Phase,
    /// Whether the data are not those that the process began with; that may show while it stops already.
    is_displaced: bool,
}

/// Whether the process is about to stop; clones are the same.
#[derive(Debug, Clone)]
pub struct Stopping(Arc<watch::Sender<Course>>);

impl Default for Stopping {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Course { phase: Phase::Serving, is_displaced: false })))
    }
}

impl Stopping {
    /// From now on the process is not ready: who shares out requests should send none here.
    pub fn drain(&self) {
        self.0.send_modify(|course| course.phase = Phase::Draining);
    }

    /// From now on live streams end.
    pub fn close(&self) {
        self.0.send_modify(|course| course.phase = Phase::Closing);
    }

    /// The data are not those that the process began with: it is to stop of its own accord.
    pub fn displace(&self) {
        self.0.send_if_modified(|course| {
            let is_first = !course.is_displaced;
            if is_first {
                tracing::error!("the data were restored or replaced under this process; it ends");
                course.is_displaced = true;
            }
            is_first
        });
    }

    /// Whether it is to stop of its own accord.
    #[must_use]
    pub fn is_displaced(&self) -> bool {
        self.0.borrow().is_displaced
    }

    /// Waits until it is to stop of its own accord.
    pub async fn displaced(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|course| course.is_displaced).await;
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        let course = *self.0.borrow();
        course.is_displaced || course.phase > Phase::Serving
    }

    /// Waits until live streams are to end.
    pub async fn closing(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|course| course.phase == Phase::Closing).await;
    }
}
