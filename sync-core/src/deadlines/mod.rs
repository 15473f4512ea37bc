//! Deadlines of orders and visits (rulebook 22): one function says what is due when and whether it was kept.
//!
//! Pure, as rules are: from document, plan, policy and calendar. Instants are corrected times, and where the clocks leave
//! it open a deadline is `undetermined`. A deadline that has passed while nothing is known stays open: the phone that
//! kept it may still be offline.

mod code;
mod figure;
mod first_contact;
mod follow_up;
mod visit;

use serde::{Deserialize, Serialize};

pub use code::{DueCode, DueState};
pub use figure::{Figure, Standing, Tally};
pub use first_contact::{Attempt, ORDER_KINDS, attempts, first_contact, first_contact_due};
pub use follow_up::{FollowUp, NoRecheck, follow_ups, round_of_result};
pub use visit::of_visit;

use crate::time::UnixMillis;

/// One deadline of an order or a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Which deadline.
    pub code: DueCode,
    /// Which one of several with this code, from 0: the change of an appointment, the round of a review. Of arrivals 0 is
    /// that of the time in force, the others are times that the customer gave back.
    pub item: i64,
    /// When what it counts from happened.
    pub trigger_at: UnixMillis,
    /// By when it is kept; of a wait, until when it lasts.
    pub due_at: UnixMillis,
    /// When it was done, as well as the clocks tell; absent while it was not.
    pub happened_at: Option<UnixMillis>,
    /// What became of it.
    pub state: DueState,
}

impl Due {
    /// Of two readings of one deadline the better one; of two as good the earlier.
    #[must_use]
    pub(crate) fn better(self, other: Self) -> Self {
        let key = |due: &Self| (due.state.rank(), std::cmp::Reverse(due.happened_at));
        if key(&other) > key(&self) { other } else { self }
    }
}
