//! Deadlines: handlers.

pub mod list;
