//! What a run draws anew each time, so that many runs see more than one does.

use std::hash::{BuildHasher as _, RandomState};

use crate::told::tell;

/// A seed that is another one in each run, or the one that the environment gives to play a run again; it is told.
///
/// # Panics
/// If the environment gives no number.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "which run is played again is chosen by who starts it")]
pub fn seed(variable: &str) -> u64 {
    // Of 48 bits, so that it can be read out.
    let drawn = || RandomState::new().hash_one(variable) >> 16;
    let given = std::env::var(variable).ok().map(|text| text.parse().expect("a number in the environment"));
    let seed = given.unwrap_or_else(drawn);
    tell(format_args!("{variable}={seed}"));
    seed
}
