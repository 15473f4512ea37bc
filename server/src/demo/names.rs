//! Clock and randomness of demo data: everything follows from names, so that ids are the same on every machine.
//!
//! Never used for keys or tokens: those draw from the operating system.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};
use sync_core::time::UnixMillis;

use crate::ports::{Clock, Random};

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
pub(super) struct FixedClock(pub(super) UnixMillis);

impl Clock for FixedClock {
    fn now(&self) -> UnixMillis {
        self.0
    }
}

/// A stream of bytes that a name determines: SHA-256 of name and block number, block after block.
#[derive(Debug)]
pub(super) struct NamedStream {
    name: String,
    next: AtomicU64,
}

impl NamedStream {
    pub(super) fn of(name: &str) -> Self {
        Self { name: name.to_owned(), next: AtomicU64::new(0) }
    }
}

impl Random for NamedStream {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let block = Sha256::new().chain_update(&self.name).chain_update(number.to_be_bytes()).finalize();
            for (byte, drawn) in chunk.iter_mut().zip(block) {
                *byte = drawn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::new_id;

    #[test]
    fn equal_names_give_equal_ids_and_a_stream_never_repeats() {
        let draw = |name: &str| new_id(UnixMillis(1_741_053_600_000), &NamedStream::of(name));
        assert_eq!(draw("customer/S-01"), draw("customer/S-01"));
        assert_ne!(draw("customer/S-01"), draw("customer/S-02"));
        let stream: &dyn Random = &NamedStream::of("customer/S-01");
        assert_ne!(stream.bytes32(), stream.bytes32());
    }
}
