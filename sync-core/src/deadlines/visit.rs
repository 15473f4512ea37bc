//! D-02 to D-05: the deadlines of one visit.

use super::{Due, DueCode, DueState};
use crate::calendar::{Calendar, DayError};
use crate::clock::{Bounds, Clocks, Deadline};
use crate::doc::record::TimelineEvent;
use crate::formulas;
use crate::merge::view::Entry;
use crate::plan::Review;
use crate::policy::keys;
use crate::rules::{self, Facts};
use crate::time::UnixMillis;
use crate::visit::{VisitState, arrival_before};

/// The deadlines of a visit in this state. A calendar that ends too early leaves out what it would have to count.
#[must_use]
pub fn of_visit(facts: &Facts<'_>, review: &Review, state: VisitState) -> Vec<Due> {
    let mut due: Vec<Due> = arrival(facts, state).into_iter().chain(given_back(facts)).collect();
    due.extend(notices(facts));
    due.extend(waits(facts));
    due.extend(photo_review(facts, review, state).ok().flatten());
    due
}

/// D-02; only an arrival after the start breaks the promise.
// Rules: APT-03, INS-07
fn arrival(facts: &Facts<'_>, state: VisitState) -> Option<Due> {
    let appointment = facts.plan.appointment.as_ref()?;
    let start = appointment.start_ms;
    // When the time was agreed is no part of the plan: the deadline counts from the appointment itself.
    let due = |happened_at, state| Due {
        code: DueCode::Arrival,
        item: 0,
        trigger_at: start,
        due_at: start,
        happened_at,
        state,
    };
    if let Some(arrive) = last_event(facts, "arrive").map(|entry| &entry.value) {
        let clocks = Clocks::of(facts.view);
        let judged = clocks.bounds(arrive.by, &arrive.at).not_after(start);
        return Some(due(Some(clocks.corrected(arrive.by, &arrive.at).0), judged.into()));
    }
    let judged = match state {
        // What was called off before it was due is due no more; afterwards the promise was broken already.
        VisitState::Cancelled => called_off(facts.plan.visit.cancelled_at_ms.map(Bounds::at), start),
        VisitState::EndedWithoutWork => called_off(ended(facts), start),
        // Handed in, and nobody noted the arrival.
        state if state.is_handed_in() => DueState::Undetermined,
        _ => DueState::Open,
    };
    Some(due(None, judged))
}

/// How a time stands that was called off between these instants: void if that was before.
fn called_off(when: Option<Bounds>, start: UnixMillis) -> DueState {
    match when.unwrap_or_default().not_after(start) {
        Deadline::Met => DueState::Void,
        Deadline::Missed => DueState::Missed,
        Deadline::Undetermined => DueState::Undetermined,
    }
}

/// When the crew ended the visit without work.
fn ended(facts: &Facts<'_>) -> Option<Bounds> {
    let ended = last_event(facts, "end_without_work")?;
    Some(Clocks::of(facts.view).bounds(ended.value.by, &ended.value.at))
}

/// D-02 of the times that the customer gave back, from 1: nobody has to be there, unless it was said when the crew was late
/// already.
fn given_back<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = Due> + 'f {
    let changes = facts.plan.appointment.iter().flat_map(|appointment| &appointment.changes);
    (1..).zip(changes).filter(|(_, change)| !change.proposed_by_us).map(|(item, change)| Due {
        code: DueCode::Arrival,
        item,
        trigger_at: change.from_ms,
        due_at: change.from_ms,
        happened_at: None,
        state: called_off(Some(change.notified_by.bounds(change.notified_at_ms)), change.from_ms),
    })
}

/// D-03, one for each change that we asked for.
// Rule: APT-04
fn notices<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = Due> + 'f {
    let min_minutes = facts.policy.get(keys::RESCHEDULE_NOTICE);
    let changes = facts.plan.appointment.iter().flat_map(|appointment| &appointment.changes);
    (0..).zip(changes).filter(|(_, change)| change.proposed_by_us).map(move |(item, change)| Due {
        code: DueCode::ChangeNotice,
        item,
        trigger_at: change.from_ms,
        due_at: change.from_ms.plus_ms(formulas::minutes_ms(min_minutes).saturating_neg()),
        happened_at: Some(change.notified_at_ms),
        state: change.notice(min_minutes).into(),
    })
}

/// D-04, one for each time that the crew left an absent customer.
// Rule: APT-06
fn waits<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = Due> + 'f {
    let wait = rules::absence_wait(facts);
    let left = facts.view.timeline.iter().filter(|entry| entry.value.event == "give_up");
    (0..).zip(left).filter_map(move |(item, left)| {
        let wait = wait?;
        let arrive = arrival_before(facts, left)?;
        let waited = wait.waited(facts, arrive, left.value.by, &left.value.at);
        Some(Due {
            code: DueCode::AbsenceWait,
            item,
            trigger_at: wait.start(facts, arrive),
            due_at: wait.may_leave_at(facts, arrive),
            happened_at: Some(Clocks::of(facts.view).corrected(left.value.by, &left.value.at).0),
            state: wait.deadline(waited).into(),
        })
    })
}

/// D-05: until the end of the n-th working day after the day on which everything was there to be reviewed.
///
/// Each return begins a round of its own; those before are as they were when they ended.
// Rule: INS-33
fn photo_review(facts: &Facts<'_>, review: &Review, state: VisitState) -> Result<Option<Due>, DayError> {
    let Some(trigger_at) = facts.plan.visit.evidence_complete_at_ms else { return Ok(None) };
    let on_visit = review.verdicts.iter().filter(|verdict| verdict.photo_id.is_none());
    let judged = |decision: &str| on_visit.clone().rfind(|verdict| verdict.decision == decision).map(|one| one.at_ms);
    let returns = i64::try_from(review.reworks.len()).unwrap_or(i64::MAX);
    let (item, happened_at) = match state {
        VisitState::UnderReview => (returns, None),
        VisitState::Approved | VisitState::Closed => (returns, judged("approve")),
        VisitState::Returned => (returns.saturating_sub(1), judged("return")),
        _ => return Ok(None),
    };
    let due_at = end_of_working_day(facts, trigger_at, facts.policy.get(keys::PHOTO_REVIEW))?;
    let state = match happened_at {
        // The server's own clock: nothing is left open.
        Some(at) if at < due_at => DueState::Met,
        Some(_) => DueState::Missed,
        None => DueState::Open,
    };
    Ok(Some(Due { code: DueCode::PhotoReview, item, trigger_at, due_at, happened_at, state }))
}

/// The end of the n-th working day after the day of an instant (GEN-02, GEN-03).
pub(super) fn end_of_working_day(facts: &Facts<'_>, from: UnixMillis, days: i64) -> Result<UnixMillis, DayError> {
    let (calendar, zone) = (Calendar::of_row(facts.calendar)?, facts.zone()?);
    let days = u32::try_from(days).unwrap_or(0);
    zone.end_of(calendar.working_days_after(zone.day_of(from)?, days)?)
}

fn last_event<'a>(facts: &Facts<'a>, event: &str) -> Option<&'a Entry<TimelineEvent>> {
    facts.view.timeline.iter().rfind(|entry| entry.value.event == event)
}
