//! Time and randomness.

use sync_core::time::UnixMillis;
use uuid::Uuid;

/// Tells the time.
///
/// # Concurrency
/// Called from any thread at any time; never blocks for long.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The instant now.
    fn now(&self) -> UnixMillis;
}

/// Draws random bytes fit for keys, nonces and salts.
///
/// # Concurrency
/// Called from any thread at any time.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Random + '_ {
    /// Draws 32 random bytes.
    #[must_use]
    pub fn bytes32(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }
}

/// Makes a UUIDv7 from the given instant and random bytes (RFC 9562 section 5.7).
#[must_use]
pub fn new_id(now: UnixMillis, random: &dyn Random) -> Uuid {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(now.0).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}
