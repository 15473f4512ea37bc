//! What was found about photos.

pub mod decide;
pub mod list;
