//! When a visit began and was handed in, as far as its clocks tell.

use super::super::context::Ctx;
use crate::clock::{Bounds, Clocks, Deadline};
use crate::ids::UserId;
use crate::merge::View;
use crate::template::Template;
use crate::template::lookup::Element;
use crate::template::model::{Phase, Step};
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

/// When the crew began what comes after the preparation, on the server's clock as well as it is known: the first record
/// of a step whose phase is not `before`.
///
/// # Source
/// Rulebook 1.5: checks of the start run then.
#[must_use]
pub fn started_at(view: &View, template: &Template) -> Option<UnixMillis> {
    let arrivals = view.timeline.iter().filter(|entry| entry.value.event == "arrive");
    let mut records: Vec<_> = arrivals.map(|entry| (entry.value.by, &entry.value.at)).collect();
    for step in template.steps.iter().filter(|step| step.phase != Phase::Before) {
        add_records(view, step, &mut records);
    }
    let clocks = Clocks::of(view);
    records.into_iter().map(|(by, at)| clocks.corrected(by, at).0).min()
}

/// Adds who wrote what a step collects, and when.
fn add_records<'v>(view: &'v View, step: &Step, records: &mut Vec<(UserId, &'v Stamp)>) {
    let ticks = step.tick_keys().filter_map(|(key, _)| view.ticks.get(&key));
    records.extend(ticks.map(|entry| (entry.value.by, &entry.value.at)));
    for element in step.elements() {
        match element {
            Element::Question(code) => {
                records.extend(view.answers.get(code).map(|entry| (entry.value.by, &entry.value.at)));
            }
            Element::Measurement(code) => {
                let readings = view.measures.iter().filter(|entry| entry.value.code == code);
                records.extend(readings.map(|entry| (entry.value.by, &entry.value.at)));
            }
            Element::Photo(code) => {
                // A picture of the gallery may be older than the visit.
                let photos = view.photos.iter().filter(|entry| entry.value.slot == code);
                let photos = photos.filter(|entry| entry.value.source == "camera");
                records.extend(photos.map(|entry| (entry.value.by, &entry.value.taken_at)));
            }
            // A form is sealed over what was collected before it.
            Element::Signature(_) => {}
        }
    }
}

/// The instant at which a check of the start is judged: when the visit was started, now while it is not.
pub(super) fn start(ctx: &Ctx<'_>) -> UnixMillis {
    let started = started_at(ctx.facts.view, ctx.facts.template);
    ctx.note("started", started.map_or_else(|| "absent".to_owned(), UnixMillis::to_rfc3339));
    started.unwrap_or(ctx.facts.now)
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

/// When the crew last handed the visit in, on the server's clock as well as it is known.
#[must_use]
pub fn handed_in_at(view: &View) -> Option<UnixMillis> {
    let event = view.timeline.iter().rev().find(|entry| entry.value.hands_in())?;
    Some(Clocks::of(view).corrected(event.value.by, &event.value.at).0)
}

/// When the crew first handed the visit in, on the server's clock as well as it is known: what it asks of the office is owed
/// from then on.
#[must_use]
pub fn first_handed_in_at(view: &View) -> Option<UnixMillis> {
    let event = view.timeline.iter().find(|entry| entry.value.hands_in())?;
    Some(Clocks::of(view).corrected(event.value.by, &event.value.at).0)
}

/// When the crew last arrived, on the server's clock, as well as its clocks tell; `None` before.
#[must_use]
pub fn arrived_at(view: &View) -> Option<UnixMillis> {
    let event = view.timeline.iter().rfind(|entry| entry.value.event == "arrive")?;
    Some(Clocks::of(view).corrected(event.value.by, &event.value.at).0)
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
