//! Merging: the one view everybody reads, with conflicts and findings.

mod causality;
mod conflicts;
pub mod held;
pub(crate) mod held_out;
pub mod history;
pub(crate) mod notes;
mod read;
mod rewritten;
mod settle;
mod shape;
mod signed;
pub mod view;

pub use held::{Held, SetApart};
pub use history::history;
pub use notes::{NOTES, NotesAdded};
pub use read::{view, view_without};
pub(crate) use rewritten::standing;
pub use settle::{Overlay, settle};
pub(crate) use settle::{put, settle_again};
pub use view::View;
