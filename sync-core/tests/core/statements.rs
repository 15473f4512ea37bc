//! Statements from composition to verification.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its helpers")]

mod changed;
mod composition;
mod fixture;
mod verification;
