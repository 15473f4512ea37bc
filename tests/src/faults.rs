//! Faults of a network: a TCP proxy between phones and server that delays, throttles, cuts, resets, falls silent and
//! loses answers, as a [`Weather`] says, and counts every byte; and a server that tells lies.
//!
//! Each request travels on a connection of its own, byte for byte but for its `connection` header; one that asks for an
//! upgrade keeps it until either side or [`FaultProxy::cut`] ends it. What becomes of a request is decided once its size
//! is known, so that a seed gives the same faults for the same requests on every machine.
//! Knows HTTP only as far as the length of a request; but for the [`Liar`] it must not know what requests mean.

mod counts;
mod liar;
mod proxy;
mod relay;
mod seed;
mod tunnel;
mod weather;

pub use counts::Counts;
pub use liar::Liar;
pub use proxy::FaultProxy;
pub use seed::Seed;
pub use tunnel::{Tunnel, TunnelCount, TunnelPlan};
pub use weather::{Cut, Fate, Script, Weather};

#[cfg(test)]
mod tests;
