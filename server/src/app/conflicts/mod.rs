//! Concurrent values of visits: the inbox, what stands side by side, and choosing among it.

mod choose;
mod list;
mod project;

pub use choose::{Choosing, Chosen, choose_value};
pub use list::{ConflictedVisit, VisitConflicts, list_conflicted, list_of_visit};
pub use project::{counts, project};
