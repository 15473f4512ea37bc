//! Merging: the one view everybody reads, with conflicts and findings.

pub mod view;

pub use view::View;
