//! Merging: the one view everybody reads, with conflicts and findings.

mod causality;
mod conflicts;
mod read;
mod rewritten;
mod shape;
pub mod view;

pub use read::view;
pub use view::View;
