//! Guards of the crew's events (rulebook 1.3). They read the whole view, not the moment of the
//! event; a guard applies only if the template has that step.

use crate::clock::Deadline;
use crate::doc::record::{Outcome, TimelineEvent};
use crate::merge::view::Entry;
use crate::policy::keys;
use crate::rules::{self, Facts, NeedKind, StepStatus, requirements_for};
use crate::template::model::{Phase, QuestionType, Stage, Step};
use crate::template::vocabulary::WITHOUT_WORK;

use super::table::Event;

/// Step codes, slots and answers the guards name.
///
/// # Source
/// The templates of the rulebook; a template without them has no such guard.
const CONFIRM_STEP: &str = "confirm_call";
const ENTER_STEP: &str = "enter";
const IDENTITY_ITEMS: [&str; 2] = ["badge_shown", "identity_checked"];
const KIT_RULES: [&str; 2] = ["INS-08", "INS-09"];
const ABSENCE_QUESTION: &str = "absence_result";
const SECOND_AGREED: &str = "second_agreed";
const DOOR_NOTE: &str = "door_note";
const IMPROVEMENT_QUESTION: &str = "improvement_note";

/// What a guard says.
pub(super) enum Guard {
    /// The event counts.
    Met,
    /// The event counts; the facts leave a doubt, named by a finding code.
    Doubtful(&'static str),
    /// The event changes nothing; what is missing.
    Unmet(&'static str),
}

fn met(holds: bool, missing: &'static str) -> Guard {
    if holds { Guard::Met } else { Guard::Unmet(missing) }
}

/// Judges the guard of a device event.
pub(super) fn judge(facts: &Facts<'_>, event: Event, entry: &Entry<TimelineEvent>) -> Guard {
    match event {
        Event::ConfirmCall => met(confirmed_in_app(facts), "contact_through_app"),
        Event::ConfirmCallUnreachable => {
            let least = usize::try_from(facts.policy.get(keys::CONTACT_ATTEMPTS)).unwrap_or(usize::MAX);
            let attempts = facts.template.step(CONFIRM_STEP).is_none() || facts.view.contacts.len() >= least;
            if attempts { Guard::Doubtful("unconfirmed_appointment") } else { Guard::Unmet("two_attempts") }
        }
        Event::Depart => met(kit_is_complete(facts), "kit_checklist"),
        Event::Arrive => {
            let explained = has_text(entry.value.reason.as_deref());
            met(entry.value.geo.is_some() || explained, "position_or_reason")
        }
        Event::GiveUp => give_up(facts, entry),
        Event::Enter => met(identity_is_checked(facts), "identity_checked"),
        Event::FinishSteps => met(work_is_done(facts), "required_steps"),
        Event::NotSatisfied => {
            let noted = facts.view.answer(IMPROVEMENT_QUESTION).and_then(|answer| answer.as_str());
            met(has_text(entry.value.reason.as_deref()) || has_text(noted), "reason")
        }
        Event::Sign => sign(facts),
        Event::Submit => met(missing(facts, NeedKind::Photo).is_empty(), "required_photos"),
        Event::EndWithoutWork => met(facts.view.outcome().is_some_and(ends_without_work), "outcome_with_reason"),
        _ => Guard::Met,
    }
}

fn has_text(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

fn ends_without_work(outcome: &Outcome) -> bool {
    WITHOUT_WORK.contains(&outcome.code.as_str()) && has_text(outcome.reason.as_deref())
}

/// A call through the app reached the customer (APT-05).
// Rule: APT-05
fn confirmed_in_app(facts: &Facts<'_>) -> bool {
    let in_app = |contact: &crate::doc::record::Contact| contact.channel == "app_call" && contact.result == "reached";
    facts.template.step(CONFIRM_STEP).is_none() || facts.view.contacts.iter().any(|entry| in_app(&entry.value))
}

fn is_ticked(facts: &Facts<'_>, key: &str) -> bool {
    facts.view.ticks.get(key).is_some_and(|entry| entry.value.done)
}

/// Every required tick of the steps that carry INS-08 or INS-09.
// Rules: INS-08, INS-09
fn kit_is_complete(facts: &Facts<'_>) -> bool {
    let is_kit = |step: &&Step| step.rules.iter().any(|rule| KIT_RULES.contains(&rule.as_str()));
    let ticks = facts.template.steps.iter().filter(is_kit).flat_map(Step::tick_keys);
    ticks.filter(|(_, required)| *required).all(|(key, _)| is_ticked(facts, &key))
}

/// Identity shown and checked (INS-10).
// Rule: INS-10
fn identity_is_checked(facts: &Facts<'_>) -> bool {
    let Some(step) = facts.template.step(ENTER_STEP) else { return true };
    let items = step.items.iter().filter(|item| IDENTITY_ITEMS.contains(&item.code.as_str()));
    items.map(|item| format!("{ENTER_STEP}/{}", item.code)).all(|key| is_ticked(facts, &key))
}

/// The last arrival before an event.
pub(crate) fn arrival_before<'a>(facts: &Facts<'a>, entry: &Entry<TimelineEvent>) -> Option<&'a TimelineEvent> {
    let mut earlier = facts.view.timeline.iter().filter(|other| other.op < entry.op && other.value.event == "arrive");
    earlier.next_back().map(|arrive| &arrive.value)
}

/// Waited long enough, and a second appointment or the photo of the door note (APT-06 to APT-08).
// Rules: APT-06, APT-07, APT-08
fn give_up(facts: &Facts<'_>, entry: &Entry<TimelineEvent>) -> Guard {
    let asks = facts.template.question(ABSENCE_QUESTION).is_some() || facts.template.slot(DOOR_NOTE).is_some();
    let agreed = facts.view.answer(ABSENCE_QUESTION).and_then(|answer| answer.as_str()) == Some(SECOND_AGREED);
    let planned = facts.plan.appointment.as_ref().is_some_and(|next| next.attempt > facts.plan.visit.attempt);
    if asks && !agreed && !planned && facts.view.photos_of(DOOR_NOTE).next().is_none() {
        return Guard::Unmet("second_appointment_or_door_note");
    }
    let Some(wait) = rules::absence_wait(facts) else { return Guard::Met };
    let Some(arrive) = arrival_before(facts, entry) else { return Guard::Unmet("waiting_time") };
    match wait.deadline(wait.waited(facts, arrive, entry.value.by, &entry.value.at)) {
        Deadline::Missed => Guard::Unmet("waiting_time"),
        Deadline::Undetermined => Guard::Doubtful("wait_undetermined"),
        Deadline::Met => Guard::Met,
    }
}

fn for_completion(facts: &Facts<'_>) -> Vec<StepStatus> {
    requirements_for(facts, "completed")
}

/// Codes of what is missing of one kind for `completed`.
fn missing(facts: &Facts<'_>, kind: NeedKind) -> Vec<String> {
    let steps = for_completion(facts);
    let needs = steps.into_iter().flat_map(|step| step.needs);
    needs.filter(|need| need.kind == kind && need.is_missing()).map(|need| need.code).collect()
}

/// Steps of phases before, arrival and onsite complete; photos of stage `work` and measurements present.
/// What is signed later (signatures, pictures of the signed paper) is not asked here.
fn work_is_done(facts: &Facts<'_>) -> bool {
    let is_work_photo = |code: &str| facts.template.slot(code).is_none_or(|slot| slot.stage == Stage::Work);
    for_completion(facts).iter().all(|step| {
        step.needs.iter().filter(|need| need.is_missing()).all(|need| match need.kind {
            NeedKind::Photo => !is_work_photo(&need.code),
            NeedKind::Measurement => false,
            NeedKind::Signature => true,
            NeedKind::Tick | NeedKind::Question => step.phase == Phase::After,
        })
    })
}

/// The statement is sealed where a signature is required, and the customer rated.
fn sign(facts: &Facts<'_>) -> Guard {
    if !missing(facts, NeedKind::Signature).is_empty() {
        return Guard::Unmet("sealed_statement");
    }
    let is_rating = |code: &String| facts.template.question(code).is_some_and(|q| q.kind == QuestionType::Rating);
    met(!missing(facts, NeedKind::Question).iter().any(is_rating), "rating")
}
