//! The rep's day from check-in to sign-off, worked out alike on the phone and in the office.
//!
//! Owns what a check-in says of a place (INS-53, INS-54) and what of a day is open; it must not know where records are
//! kept. Nothing here holds anybody's work up.

pub mod check_in;
pub mod closing;
pub mod installed;
pub mod materials;

pub use check_in::{CheckInFinding, Doubt, MeetingPlace, MeetingPlaces, Placed, PositionVerdict, placed};

use crate::intent::{Intent, IntentBody};

/// The day that an intent is about, as `YYYY-MM-DD`; `None` for what is about no day.
#[must_use]
pub fn day_of(intent: &Intent) -> Option<&str> {
    match &intent.body {
        IntentBody::DayCheckIn(body) => Some(&body.date),
        IntentBody::DayKit(body) => Some(&body.date),
        IntentBody::DayNote(body) => Some(&body.date),
        _ => None,
    }
}
