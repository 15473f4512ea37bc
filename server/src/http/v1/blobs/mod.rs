//! Photos and other bytes, by the SHA-256 of their content.

pub mod missing;
pub mod preview;
pub mod put;
mod range;
mod serve;
pub mod show;
pub mod thumbnail;
