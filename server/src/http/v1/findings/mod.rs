//! What was found about photos.

pub mod decide;
mod hints;
pub mod list;
