//! What a person should look at: data the template does not know, and rules that warn.

use std::collections::BTreeSet;

use super::catalogue::Moment;
use super::checks::moments::{handed_in_at, started_at};
use super::eval::evaluate;
use super::facts::Facts;
use super::params::is_answer;
use super::trace::Verdict;
use crate::clock::Clocks;
use crate::contacts::{self, Standing};
use crate::formulas::minutes_ms;
use crate::merge::view::Finding;
use crate::policy::keys;
use crate::template::model::PhotoSource;

/// Findings of the rules and of everything the template does not expect; nothing is ever refused.
///
/// Codes: `unknown_slot`, `gallery_source`, `too_many_photos`, `unknown_question`, `odd_answer`,
/// `unknown_measurement`, `other_unit`, `unknown_tick`, `unrecorded_contact`, `clocks_disagree`, `rule_failed`,
/// `rule_undetermined`, `rule_needs_choice`, `needs_choice`.
#[must_use]
pub fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = photos(facts);
    found.extend(answers(facts));
    found.extend(measures(facts));
    found.extend(ticks(facts));
    found.extend(unrecorded(facts));
    found.extend(clocks(facts));
    found.extend(rules(facts));
    found.extend(conflicts(facts));
    found
}

/// Concurrent values that wait for a person.
fn conflicts(facts: &Facts<'_>) -> impl Iterator<Item = Finding> {
    let open = facts.view.conflicts.iter().filter(|conflict| conflict.is_open());
    open.map(|conflict| {
        let detail = format!("{} values", conflict.candidates.len());
        finding("needs_choice", format!("{}/{}", conflict.map, conflict.key), Some(detail))
    })
}

fn finding(code: &str, subject: String, detail: Option<String>) -> Finding {
    Finding { code: code.to_owned(), subject, detail }
}

fn photos(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for photo in facts.view.current_photos() {
        let subject = format!("photos/{}", photo.key);
        match facts.template.slot(&photo.value.slot) {
            None => found.push(finding("unknown_slot", subject, Some(photo.value.slot.clone()))),
            Some(slot) if slot.source == PhotoSource::Camera && photo.value.source != "camera" => {
                found.push(finding("gallery_source", subject, Some(slot.code.clone())));
            }
            Some(_) => {}
        }
    }
    for slot in &facts.template.photos {
        let count = facts.view.photos_of(&slot.code).count();
        if count > slot.max {
            let detail = format!("{count} of {}", slot.max);
            found.push(finding("too_many_photos", format!("photos/{}", slot.code), Some(detail)));
        }
    }
    found
}

fn answers(facts: &Facts<'_>) -> Vec<Finding> {
    let judged = facts.view.answers.iter().filter_map(|(code, answer)| {
        let subject = format!("answers/{code}");
        match facts.template.question(code) {
            None => Some(finding("unknown_question", subject, None)),
            Some(question) => (!is_answer(question, &answer.value.value)).then(|| finding("odd_answer", subject, None)),
        }
    });
    judged.collect()
}

fn measures(facts: &Facts<'_>) -> Vec<Finding> {
    let judged = facts.view.measures.iter().filter_map(|measure| {
        let (subject, reading) = (format!("measures/{}", measure.key), &measure.value);
        match facts.template.measurement(&reading.code) {
            None => Some(finding("unknown_measurement", subject, Some(reading.code.clone()))),
            Some(item) => {
                (item.unit != reading.unit).then(|| finding("other_unit", subject, Some(reading.unit.clone())))
            }
        }
    });
    judged.collect()
}

fn ticks(facts: &Facts<'_>) -> Vec<Finding> {
    let known: BTreeSet<String> =
        facts.template.steps.iter().flat_map(|step| step.tick_keys().map(|(key, _)| key)).collect();
    let unknown = facts.view.ticks.keys().filter(|key| !known.contains(*key));
    unknown.map(|key| finding("unknown_tick", format!("ticks/{key}"), None)).collect()
}

/// Calls without a recording, where it is known what the bridge told.
// Rule: INS-35
fn unrecorded(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(calls) = &facts.background.calls else { return Vec::new() };
    let window_ms = minutes_ms(facts.policy.get(keys::CALL_MATCH));
    let judged = contacts::judged(facts.view, calls, window_ms).into_iter();
    let unrecorded = judged.filter(|one| one.standing == Standing::Unrecorded);
    let why = |one: &contacts::Judged<'_>| one.contact.reason.is_none().then(|| "no reason given".to_owned());
    unrecorded.map(|one| finding("unrecorded_contact", format!("contacts/{}", one.key), why(&one))).collect()
}

/// Boots whose stamps cannot all be true; nothing that they say of the server's time counts.
fn clocks(facts: &Facts<'_>) -> Vec<Finding> {
    let clocks = Clocks::of(facts.view);
    clocks.contradictions().map(|boot| finding("clocks_disagree", format!("boot/{boot}"), None)).collect()
}

/// What rules say of it that somebody should look at. A rule speaks once the crew has begun: of a visit that nobody began
/// everything is missing. A doubt about what the plan says, and what the server judges, is told always; there the check
/// itself says what does not concern the visit yet.
fn rules(facts: &Facts<'_>) -> Vec<Finding> {
    let has_started = started_at(facts.view, facts.template).is_some();
    let has_begun = has_started || facts.view.outcome().is_some() || handed_in_at(facts.view).is_some();
    let start = has_started.then(|| evaluate(facts, Moment::Start)).into_iter().flatten();
    let finish = evaluate(facts, Moment::Finish).into_iter();
    let finish = finish.filter(|trace| has_begun || trace.verdict == Verdict::Undetermined);
    let traces = start.chain(finish).chain(evaluate(facts, Moment::Server));
    let judged = traces.filter_map(|trace| {
        let code = match trace.verdict {
            Verdict::Fail => "rule_failed",
            Verdict::Undetermined => "rule_undetermined",
            Verdict::NeedsChoice => "rule_needs_choice",
            Verdict::Pass | Verdict::NotApplicable | Verdict::NotEvaluated => return None,
        };
        Some(finding(code, trace.rule, Some(trace.check)))
    });
    judged.collect()
}
