//! The sync protocol as others see it.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its helpers")]

mod fixture;
mod forms;
mod round_trips;
mod seal;
