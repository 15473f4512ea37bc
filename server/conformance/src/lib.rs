//! `doorstep conformance`: does a server, or a phone, keep the sync contract?
//!
//! Knows the contract of `docs/SYNC.md` and nothing of this product's server or phone: both are reached as any
//! foreign one would be, by HTTP and by an adapter program. Each check is one function with one name; it passes, or
//! says what broke.

pub mod cli;
mod client;
mod device;
mod report;
mod server;
mod wire;

/// What broke, for a person.
type Broken = String;
/// The verdict of one check.
type Verdict = Result<(), Broken>;

/// Fails a check with a message unless a condition holds.
fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}
