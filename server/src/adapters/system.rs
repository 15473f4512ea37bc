//! The machine's clock and randomness.

use sync_core::time::UnixMillis;

use crate::ports::{Clock, Random};

/// Reads the machine's wall clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        #[expect(clippy::disallowed_methods, reason = "this adapter is where the clock enters the program")]
        let now = jiff::Timestamp::now();
        UnixMillis(now.as_millisecond())
    }
}

/// Draws from the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Keys and nonces must never be predictable: without randomness nothing may go on.
            tracing::error!(%error, "the operating system gives no random bytes");
            std::process::abort();
        }
    }
}
