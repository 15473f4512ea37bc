//! Clocks that tests set: one in memory for the server in this process, one in a file for child processes.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use doorstep::ports::Clock;
use sync_core::time::UnixMillis;

/// The instant at which tests begin: 2025-03-04T02:00:00.000Z.
pub const START: UnixMillis = UnixMillis(1_741_053_600_000);

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows an instant.
    #[must_use]
    pub const fn at(now: UnixMillis) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Sets the clock.
    pub fn set(&self, now: UnixMillis) {
        self.0.store(now.0, Ordering::Relaxed);
    }

    /// Moves the clock on.
    pub fn advance_secs(&self, secs: i64) {
        self.0.fetch_add(secs * 1000, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::Relaxed))
    }
}

/// A clock in a file, which server and phones share by `--clock`.
#[derive(Debug, Clone)]
pub struct ClockFile(PathBuf);

impl ClockFile {
    /// Writes a clock file that shows an instant.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn create(path: PathBuf, now: UnixMillis) -> Self {
        let clock = Self(path);
        clock.set(now);
        clock
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What the clock shows.
    ///
    /// # Panics
    /// If the file cannot be read.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        let text = std::fs::read_to_string(&self.0).expect("the clock file can be read");
        UnixMillis::from_rfc3339(&text).expect("an instant")
    }

    /// Sets the clock. Readers see the old or the new instant, never half a text.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn set(&self, now: UnixMillis) {
        let fresh = self.0.with_extension("new");
        std::fs::write(&fresh, now.to_rfc3339()).expect("the clock file can be written");
        std::fs::rename(&fresh, &self.0).expect("the clock file can be replaced");
    }
}
