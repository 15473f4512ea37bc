//! What a run tells of itself: the seed it drew, and how much it played.

use std::fmt;
use std::io::{self, Write as _};

/// Prints a line that stands in the log of a run that succeeds, where `.ci/run` finds and repeats it.
///
/// Test runners show what the print macros wrote of failed tests only.
pub fn tell(what: fmt::Arguments<'_>) {
    // One write, so that nothing comes between; a log that cannot be written is no reason to fail.
    let _ = io::stderr().write_all(format!("played: {what}\n").as_bytes());
}
