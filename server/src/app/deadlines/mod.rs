//! Deadlines of the working day: started with the order, judged with each projection, watched by a job (rulebook 22).
//!
//! [`sync_core::deadlines`] says what is due and whether it was kept; here it is kept, listed, and somebody is told.

mod keep;
mod list;
mod watch;
mod working_time;

pub(crate) use keep::due_of;
pub use keep::{Obligations, contacted, end_for_order, keep, open_for_orders, source_of_follow_up};
pub use list::{Listed, Wanted, list_deadlines};
pub use watch::tell_due;
pub use working_time::WorkingTime;
