//! Live hints.

pub mod watch;
