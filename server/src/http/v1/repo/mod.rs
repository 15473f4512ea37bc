//! The automerge-repo door.

mod heads;
pub mod open;
pub mod ticket;
