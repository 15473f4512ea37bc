//! What became of a visit: its state, reopened slots and late records, all derived.

mod counting;
mod frozen;
mod guard;
pub mod late;
mod reopened;
mod rework;
mod state;
pub mod table;
pub mod words;

pub(crate) use guard::arrival_before;
pub use late::LateRecord;
pub use reopened::{Reopened, reopened, rework_blockers};
pub use state::{Derived, state};
pub(crate) use table::codes;
pub use table::{Event, TRANSITIONS, VisitState};
