//! What the clocks of devices prove: bounds of instants and of elapsed times (design section 6).
//!
//! [`Contact`] is the device's side: what it may claim about the server's time. [`Clocks`] is the reader's side: the
//! stamps of a whole visit together bound each of them better than any alone. Nothing here takes part in merging.

mod bounds;
mod chain;
mod clocks;
mod contact;
mod noted;

pub use bounds::{Bounds, Deadline, Elapsed};
pub(crate) use chain::stamps;
pub use chain::{CLOCK_LINK, ClockLink, LINKS_MAX};
pub use clocks::Clocks;
pub use contact::{Contact, drift_ms};
pub use noted::NotedBy;
