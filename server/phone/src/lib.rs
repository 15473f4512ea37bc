//! `doorstep phone`: a scriptable offline phone, the reference implementation of the client contract.
//!
//! Owns the durable store of one install, the records a rep makes, and the sync loop. What documents, rules, forms
//! and messages are is `sync-core`'s; this crate adds files, a clock, randomness, a key and HTTP. Only `enrol` and
//! `sync` use the network; every other command is one durable transaction, so that a kill between any two commands,
//! or inside one, loses nothing and doubles nothing.

pub mod cli;
pub mod client;
pub mod clock;
mod commands;
mod conflict;
pub mod error;
mod keys;
mod late;
mod output;
pub mod store;
mod sync;
mod visit;

pub use output::Output;

#[cfg(test)]
mod testing;
