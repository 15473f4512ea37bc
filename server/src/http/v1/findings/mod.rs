//! What was found about photos.

pub mod list;
