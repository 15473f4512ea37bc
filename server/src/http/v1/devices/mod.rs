//! Enrolled phones: request and response types.

pub mod enrol;
pub mod list;
pub mod revoke;
pub mod show;
pub mod suspend;
pub mod wipe;
