//! The automerge-repo door.

pub mod open;
pub mod ticket;
