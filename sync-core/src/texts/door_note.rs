//! The note that the crew leaves at the door of an absent customer.

use super::template::{Unfilled, Values, Variable, template};
use super::{day, moment};
use crate::calendar::DayError;
use crate::clock::Clocks;
use crate::doc::record::TimelineEvent;
use crate::merge::view::Entry;
use crate::policy::keys;
use crate::rules::Facts;
use crate::statement::Language;
use crate::time::UnixMillis;
use crate::visit::{Derived, VisitState, arrival_before};

/// Whom the note is from and to, each as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parties<'a> {
    /// The organisation.
    pub org_name: Option<&'a str>,
    /// The customer.
    pub customer_name: Option<&'a str>,
    /// The rep.
    pub rep_name: Option<&'a str>,
    /// The rep's number for customers; without one the organisation's hotline stands there.
    pub rep_phone: Option<&'a str>,
}

/// A note for the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorNote {
    /// Language of the text.
    pub language: Language,
    /// Version of its template.
    pub version: i64,
    /// When the crew came.
    pub arrived_at: UnixMillis,
    /// When it left; while it waits, when it may or does.
    pub left_at: UnixMillis,
    /// The text, line by line.
    pub text: String,
}

/// Reports why there is no note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoorNoteError {
    /// The crew neither waits for an absent customer nor left one.
    #[error("nobody waits for an absent customer: the visit is {0}")]
    NotAbsent(VisitState),
    /// Something that the note tells is not known.
    #[error(transparent)]
    Unfilled(#[from] Unfilled),
    /// A clock shows no day.
    #[error(transparent)]
    Day(#[from] DayError),
}

/// Writes the note of a visit whose customer is absent.
///
/// # Errors
/// [`DoorNoteError`].
// Rules: APT-08, NOT-07
pub fn door_note(
    facts: &Facts<'_>,
    derived: &Derived,
    parties: &Parties<'_>,
    language: Language,
) -> Result<DoorNote, DoorNoteError> {
    let (arrived_at, left_at) = absence(facts, derived).ok_or(DoorNoteError::NotAbsent(derived.state))?;
    let (zone, hotline) = (facts.zone()?, facts.policy.get(keys::SERVICE_HOTLINE));
    let site = facts.plan.site.as_ref().map(|site| site.address.clone());
    let known = |text: Option<&str>| text.map(str::to_owned);
    let values: [(Variable, Option<String>); 8] = [
        (Variable::OrgName, known(parties.org_name)),
        (Variable::CustomerName, known(parties.customer_name)),
        (Variable::Address, site),
        (Variable::Start, Some(moment(&zone, arrived_at, language)?)),
        (Variable::End, Some(moment(&zone, left_at, language)?)),
        (Variable::RepName, known(parties.rep_name)),
        (Variable::RepPhone, known(parties.rep_phone).or(hotline)),
        (Variable::Date, Some(day(&zone, left_at, language)?)),
    ];
    let values: Values = values.into_iter().filter_map(|(variable, value)| Some((variable, value?))).collect();
    let template = template("door_note").ok_or_else(Unfilled::default)?;
    let (version, text) = (template.version, template.fill(language, &values)?);
    Ok(DoorNote { language, version, arrived_at, left_at, text })
}

/// When the crew came and when it left, or may leave; `None` where the customer was not absent.
fn absence(facts: &Facts<'_>, derived: &Derived) -> Option<(UnixMillis, UnixMillis)> {
    let clocks = Clocks::of(facts.view);
    let at = |event: &TimelineEvent| clocks.corrected(event.by, &event.at).0;
    let last = |is_it: fn(&Entry<TimelineEvent>) -> bool| facts.view.timeline.iter().rfind(|entry| is_it(entry));
    if derived.state == VisitState::Waiting {
        let absent = last(|entry| entry.value.event == "customer_absent")?;
        let may_leave = derived.may_leave_at_ms.unwrap_or(facts.now);
        return Some((at(arrival_before(facts, absent)?), may_leave.max(facts.now)));
    }
    let is_over = derived.state.is_handed_in() || derived.state.is_past_hand_in();
    let left = last(|entry| entry.value.hands_in()).filter(|entry| is_over && entry.value.event == "give_up")?;
    Some((at(arrival_before(facts, left)?), at(&left.value)))
}
