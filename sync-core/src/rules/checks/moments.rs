//! When a visit began and was handed in, as far as its clocks tell.

use super::super::context::Ctx;
use crate::clock::{Bounds, Clocks, Deadline};
use crate::ids::UserId;
use crate::template::lookup::Element;
use crate::template::model::Phase;
use crate::time::{Stamp, UnixMillis};

/// A recorded instant on the server's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    /// The likeliest instant.
    pub(super) at: UnixMillis,
    /// Between which instants it lies.
    pub(super) bounds: Bounds,
}

impl When {
    /// What `by` stamped.
    pub(super) fn of(clocks: &Clocks<'_>, by: UserId, stamp: &Stamp) -> Self {
        Self { at: clocks.corrected(by, stamp).0, bounds: clocks.bounds(by, stamp) }
    }

    /// An instant of the server's own clock.
    pub(super) fn exactly(at: UnixMillis) -> Self {
        Self { at, bounds: Bounds::around(at, Some(0)) }
    }
}

/// When the work at or with the customer began: the arrival, a contact that reached him, the first answer of a step on
/// site, whichever came first.
pub(super) fn began(ctx: &Ctx<'_>) -> Option<When> {
    let view = ctx.facts.view;
    let clocks = Clocks::of(view);
    let arrivals = view.timeline.iter().filter(|entry| entry.value.event == "arrive");
    let arrivals = arrivals.map(|entry| (entry.value.by, &entry.value.at));
    let contacts = view.contacts.iter().filter(|entry| entry.value.result == "reached");
    // A call before the visit only announces it; it is the contact itself where nobody arrives.
    let arrives = ctx.facts.template.steps.iter().any(|step| step.phase == Phase::Arrival);
    let contacts = contacts.filter(|_| !arrives).map(|entry| (entry.value.by, &entry.value.started_at));
    let onsite = ctx.facts.template.steps.iter().filter(|step| step.phase == Phase::Onsite);
    let questions = onsite.flat_map(|step| step.elements()).filter_map(|element| match element {
        Element::Question(code) => view.answers.get(code),
        _ => None,
    });
    let answers = questions.map(|entry| (entry.value.by, &entry.value.at));
    let began = arrivals.chain(contacts).chain(answers).map(|(by, at)| When::of(&clocks, by, at));
    let began = began.min_by_key(|when| when.at);
    note(ctx, "began", began);
    began
}

/// When the crew last handed the visit in.
pub(super) fn handed_in(ctx: &Ctx<'_>) -> Option<When> {
    let view = ctx.facts.view;
    let event = view.timeline.iter().rev().find(|entry| entry.value.hands_in());
    let handed_in = event.map(|event| When::of(&Clocks::of(view), event.value.by, &event.value.at));
    note(ctx, "handed_in", handed_in);
    handed_in
}

fn note(ctx: &Ctx<'_>, name: &str, when: Option<When>) {
    ctx.note(name, when.map_or_else(|| "absent".to_owned(), |when| when.at.to_rfc3339()));
}

/// Whether a deadline was kept of which the end lies between two instants, when it is known for both: it was where
/// even the earlier one was, it was not where the later one was not.
pub(super) fn between(earlier: Deadline, later: Deadline) -> Deadline {
    match (earlier, later) {
        (Deadline::Met, _) => Deadline::Met,
        (_, Deadline::Missed) => Deadline::Missed,
        _ => Deadline::Undetermined,
    }
}
