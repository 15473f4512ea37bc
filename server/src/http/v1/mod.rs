//! Resources of version 1: one folder each, one file per verb.

pub mod auth;
pub mod blobs;
pub mod devices;
pub mod health;
pub mod reviews;
pub mod sync;
pub mod users;
