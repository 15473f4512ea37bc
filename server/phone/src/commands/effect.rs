//! The effect of an action on a visit: tried before it is written, told after.
//!
//! A server keeps every event and lets those without effect be; a phone says so while the rep can still do something.

use serde_json::{Value, json};
use sync_core::bytes::Actor;
use sync_core::doc::{Map, VisitDoc};
use sync_core::rules::{Blocker, blocking};
use sync_core::visit::table::next;
use sync_core::visit::{Derived, Event, LateRecord, VisitState, rework_blockers};

use super::{Scene, merge_members, remedy, summary};
use crate::error::PhoneResult;
use crate::keys;
use crate::output::Output;
use crate::store::model::Edit;
use crate::visit::{VisitContext, edit};

/// Exit code of a command that the rules of the visit stand against.
pub(super) const BLOCKED: u8 = 2;

/// How the visit would stand with these edits; nothing is written.
pub(super) fn trial(scene: &Scene<'_>, edits: &[Edit]) -> PhoneResult<Derived> {
    let mut doc = match scene.tx.doc(scene.visit)? {
        Some(doc) => doc,
        None => VisitDoc::create(scene.visit)?,
    };
    edit::apply(&mut doc, Actor(keys::random()?), edits)?;
    Ok(VisitContext::of(scene.tx, &doc, &scene.at)?.derived())
}

/// Why the events among these edits would have no effect; empty if all of them have one.
pub(super) fn without_effect(scene: &Scene<'_>, edits: &[Edit]) -> PhoneResult<Vec<Blocker>> {
    let state = scene.context.derived().state;
    let events: Vec<String> = written(edits).filter(|one| one.0 == Map::Timeline.key()).map(subject).collect();
    let after = trial(scene, edits)?;
    let in_vain = after.findings.iter().filter(|finding| events.contains(&finding.subject));
    let mut blockers: Vec<Blocker> = in_vain.filter_map(|finding| remedy::without_effect(finding, state)).collect();
    if !blockers.is_empty() {
        let earlier = waiting_events(&scene.context.derived());
        blockers.splice(0..0, earlier.into_iter().filter(|one| !events.contains(&one.subject)));
    }
    Ok(blockers)
}

/// Events recorded before whose guard is still not met although the visit waits for just them.
pub(super) fn waiting_events(derived: &Derived) -> Vec<Blocker> {
    let fits = |detail: &str| {
        let event = detail.split_once(": ").and_then(|(event, _)| Event::from_code(event));
        event.is_some_and(|event| next(derived.state, event).is_some())
    };
    let unmet = derived.findings.iter().filter(|finding| finding.code == "guard_unmet");
    let waiting = unmet.filter(|finding| finding.detail.as_deref().is_some_and(fits));
    waiting.filter_map(|finding| remedy::without_effect(finding, derived.state)).collect()
}

/// What stands against handing the visit in: for the first time, or after a return.
pub(super) fn hand_in_blockers(context: &VisitContext, state: VisitState) -> Vec<Blocker> {
    let counting = context.in_force();
    let facts = counting.facts();
    if state != VisitState::Returned {
        return blocking(&facts, "completed");
    }
    let mut blockers = rework_blockers(&context.facts(), &context.review);
    blockers.extend(blocking(&facts, facts.outcome().unwrap_or("completed")));
    blockers
}

/// The answer of a command that wrote nothing because of the rules of the visit.
pub(super) fn refused(scene: &Scene<'_>, headline: &str, json: Value, blockers: &[Blocker]) -> PhoneResult<Output> {
    let mut answer = summary(scene.tx, &scene.context, scene.context.derived().state.code())?;
    merge_members(&mut answer, json);
    merge_members(&mut answer, json!({"blockers": blockers}));
    let text = format!("{headline}, {} things are in the way:\n{}", blockers.len(), lines(blockers));
    Ok(Output::done(answer, text).with_code(BLOCKED))
}

/// What stands in the way, one line each.
pub(super) fn lines(blockers: &[Blocker]) -> String {
    let line = |blocker: &Blocker| {
        format!("  {} {}: {} / {}", blocker.code, blocker.subject, blocker.text.zh_cn, blocker.text.en)
    };
    blockers.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The records among these edits that come too late to count.
pub(super) fn late<'d>(edits: &[(String, String)], after: &'d Derived) -> Vec<&'d LateRecord> {
    // What a rep brought after the visit was given away or closed is known by the server's row alone.
    let is_one = |late: &&LateRecord| {
        let is_written = edits.iter().any(|(map, key)| *map == late.map && *key == late.key);
        is_written && !late.reason.is_held_out()
    };
    after.late.iter().filter(is_one).collect()
}

/// What a person is told of a record that comes too late.
pub(super) fn late_text(after: &Derived) -> String {
    let (en, zh) = match after.state {
        VisitState::Cancelled => ("the visit was cancelled", "上门已取消".to_owned()),
        VisitState::Returned => (
            "only the reopened slots may change",
            format!("只有退回的照片位可以修改：{}", after.reopened_slots.join("、")),
        ),
        _ => ("the visit was handed in", "上门已提交".to_owned()),
    };
    format!(
        "  late 迟到: {zh}，此记录会保留，但在办公室采纳前不算数 / {en}; this is kept, and does not count until the office accepts it"
    )
}

/// Map and key of every record among edits.
pub(super) fn written(edits: &[Edit]) -> impl Iterator<Item = (String, String)> {
    edits.iter().filter_map(|edit| match edit {
        Edit::Put { map, key, .. } => Some((map.clone(), key.clone())),
        Edit::Note { .. } | Edit::NotePart { .. } => None,
    })
}

fn subject((map, key): (String, String)) -> String {
    format!("{map}/{key}")
}
