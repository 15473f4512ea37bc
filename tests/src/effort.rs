//! How much a run of the tests may cost.

use std::env;

/// The variable that asks for the long forms: `long`; absent for what every run plays.
pub const VARIABLE: &str = "DOORSTEP_TEST_EFFORT";

/// Whether the long forms are asked for.
///
/// # Panics
/// If the variable names anything else: a run must never play less than it says.
#[must_use]
pub fn is_long() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the one place where the harness reads how much is asked for")]
    let named = env::var(VARIABLE);
    match named.as_deref() {
        Err(env::VarError::NotPresent) => false,
        Ok("long") => true,
        other => panic!("{VARIABLE} must be \"long\" or absent, it is {other:?}"),
    }
}
