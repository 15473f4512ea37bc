//! D-01: the first contact after an order came (APT-01).

use super::{Due, DueCode, DueState};
use crate::calendar::{Calendar, DayError, WorkingHours, Zone};
use crate::clock::{Bounds, Clocks};
use crate::doc::record::Contact;
use crate::merge::View;
use crate::plan::PolicyRow;
use crate::policy::keys;
use crate::time::UnixMillis;

/// Types of orders whose customer is contacted within the time.
///
/// # Source
/// APT-01: install, remove, move and fault orders.
pub const ORDER_KINDS: [&str; 4] = ["install", "remove", "move", "repair"];

/// By when the customer of an order that came at `received` is contacted.
///
/// # Errors
/// [`DayError`] if the calendar ends before.
// Rule: APT-01
pub fn first_contact_due(
    received: UnixMillis,
    policy: &PolicyRow,
    calendar: &Calendar,
    zone: &Zone,
) -> Result<Due, DayError> {
    let due_at = WorkingHours::of(policy).after(calendar, zone, received, policy.get(keys::FIRST_CONTACT))?;
    let (trigger_at, happened_at, state) = (received, None, DueState::Open);
    Ok(Due { code: DueCode::FirstContact, item: 0, trigger_at, due_at, happened_at, state })
}

/// When somebody tried to reach the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// As well as the clocks tell.
    pub at: UnixMillis,
    /// Between which instants.
    pub bounds: Bounds,
}

/// The attempts of a visit that count: one that nobody answered was made in time all the same, a wrong number reaches nobody.
#[must_use]
pub fn attempts(view: &View) -> Vec<Attempt> {
    if view.contacts.is_empty() {
        return Vec::new();
    }
    let clocks = Clocks::of(view);
    let contacts = view.contacts.iter().map(|entry| &entry.value).filter(|contact| contact.result != "wrong_number");
    let attempt = |contact: &Contact| Attempt {
        at: clocks.corrected(contact.by, &contact.started_at).0,
        bounds: clocks.bounds(contact.by, &contact.started_at),
    };
    contacts.map(attempt).collect()
}

/// The deadline as the attempts of one visit of the order leave it: the best of them counts, whichever phone brings it first.
#[must_use]
pub fn first_contact(due: Due, attempts: &[Attempt]) -> Due {
    attempts.iter().fold(due, |best, attempt| {
        let state = attempt.bounds.not_after(best.due_at).into();
        let this = Due { state, happened_at: Some(attempt.at), ..best.clone() };
        best.better(this)
    })
}
