//! Photos and other bytes, by the SHA-256 of their content.

pub mod create_links;
pub mod drawing;
pub mod list;
pub mod missing;
pub mod preview;
pub mod put;
mod range;
mod sending;
mod serve;
pub mod show;
pub mod show_linked;
pub mod thumbnail;
