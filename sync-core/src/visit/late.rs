//! Records that came after the visit was handed in, cancelled, given to others or closed: kept, out of rules until the office
//! accepts them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::doc::Map;
use crate::doc::record::Remark;
use crate::ids::{LateDecisionId, UserId};
use crate::merge::held::HeldRecord;
use crate::merge::view::{Entry, OpId, RawRecord, Rewritten};
use crate::merge::{NOTES, View, standing};
use crate::plan::{LateReason, LateVerdict, LateWorkRow, Review};
use crate::statement::copies::is_copy;
use crate::time::{Stamp, UnixMillis};

use super::counting::counting;
use super::rework::Return;
use crate::merge::held_out::HeldOut;

/// A record that came after its time. A key written twice after its time is two late records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateRecord {
    /// Root key of its map; of the notes, which are no map, `notes`.
    pub map: String,
    /// Its key.
    pub key: String,
    /// The operation that wrote it.
    pub op: OpId,
    /// Why it is late.
    pub reason: LateReason,
    /// The office's newest decision about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<LateDecisionId>,
    /// What it says: the value of an answer or tick, the telling fields of other records, of the notes what was added
    /// and removed. Absent where
    /// this version cannot read it, and for records that may name people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The value of the key that counts instead. Absent where there is none: a key written once, a key
    /// first written late, a cancelled visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Value>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// When, as well as the device knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<UnixMillis>,
}

/// The view without late records, for rules and figures until the office accepts them.
///
/// Of a key that was written again, as answers and ticks are, the value before counts. A conflict
/// stays as far as its candidates count.
// Rule: GEN-14
#[must_use]
pub fn in_force(view: &View, late: &[LateRecord]) -> View {
    let late: BTreeSet<OpId> = late.iter().map(|one| one.op).collect();
    counting(view, &|op| !late.contains(&op))
}

/// What lateness reads of a record.
struct Seen<'a> {
    op: OpId,
    at: Option<&'a Stamp>,
    /// The photo slot it belongs to.
    slot: Option<&'a str>,
}

/// Records after the hand-in outside the slots that were open at their time, in map order.
///
/// "After" is the order of operations: it extends causal order and is the same on every device, so it
/// also decides about a colleague's phone that had not heard of the hand-in.
/// Events are judged by the state machine, statements by their own chain; neither is listed here.
pub(super) fn after_hand_in(view: &View, hand_in: OpId, returns: &[Return]) -> Vec<LateRecord> {
    let was_open = |seen: &Seen<'_>| {
        let reopened = |one: &Return| seen.slot.is_some_and(|slot| one.slots.iter().any(|open| open == slot));
        returns.iter().any(|one| reopened(one) && one.answered_by.is_none_or(|answer| seen.op < answer))
    };
    collect(view, LateReason::Submitted, &|seen| seen.op > hand_in && !was_open(seen))
}

/// Records made after the office cancelled the visit, by the device's corrected clock.
pub(super) fn after_cancel(view: &View, cancelled_at: UnixMillis) -> Vec<LateRecord> {
    collect(view, LateReason::Cancelled, &|seen| seen.at.is_some_and(|at| at.corrected() > cancelled_at))
}

/// Records that a rep brought after the visit was given to others or closed, in map order: events and seals too.
fn held<'v>(view: &'v View, held_out: &'v HeldOut) -> impl Iterator<Item = LateRecord> + 'v {
    view.held.iter().map(|held| late_of(held, held_out))
}

fn late_of(held: &HeldRecord, held_out: &HeldOut) -> LateRecord {
    let record = &held.record;
    LateRecord::of(&held.map, &record.key, record.op, reason(record.op, held_out), &record.value)
}

/// Why an operation is held out, or was.
fn reason(op: OpId, held_out: &HeldOut) -> LateReason {
    held_out.reason(op).unwrap_or(LateReason::Reassigned)
}

/// Tells what the office accepted from what stays out; adds what is held out.
///
/// Gives both, late first: what stays out with the value that counts instead, and what was late and counts.
pub(super) fn decided(view: &View, late: Vec<LateRecord>, review: &Review) -> (Vec<LateRecord>, Vec<LateRecord>) {
    let decisions = review.decided_late();
    let is_accepted = |op| decisions.get(&op).is_some_and(|newest| newest.decision == LateVerdict::Accept);
    let (mut accepted, mut late): (Vec<_>, Vec<_>) = late.into_iter().partition(|record| is_accepted(record.op));
    let held_out = HeldOut::of(&review.late_work);
    late.extend(held(view, &held_out));
    accepted.extend(released(view, &held_out, &is_accepted));
    // Told once: what is late for another reason too, and what several pushes brought.
    let mut known: BTreeSet<OpId> = late.iter().map(|record| record.op).collect();
    accepted.retain(|record| known.insert(record.op));
    for record in late.iter_mut().chain(&mut accepted) {
        record.decision = decisions.get(&record.op).map(|newest| newest.id);
        // The notes name nobody themselves.
        if record.map == NOTES {
            record.by = LateWorkRow::that_brought(&review.late_work, record.op).map(|row| row.by);
        }
    }
    name_what_counts(view, &mut late);
    (late, accepted)
}

/// What was held out and counts since the office accepted it, as far as nothing was written over it.
fn released(view: &View, held_out: &HeldOut, is_accepted: &dyn Fn(OpId) -> bool) -> Vec<LateRecord> {
    if held_out.is_empty() {
        return Vec::new();
    }
    let is_released = |seen: &Seen<'_>| is_accepted(seen.op) && held_out.reason(seen.op).is_some();
    let mut released = collect_all(view, LateReason::Reassigned, &is_released);
    for record in &mut released {
        record.reason = reason(record.op, held_out);
    }
    released.extend(view.released_notes.iter().map(|held| late_of(held, held_out)));
    released
}

/// Says of each late write which value of its key counts.
fn name_what_counts(view: &View, late: &mut [LateRecord]) {
    let ops: BTreeSet<OpId> = late.iter().map(|one| one.op).collect();
    let in_force = |one: &Rewritten| {
        let write = standing(one, &|op| !ops.contains(&op)).pop()?;
        shown(Map::from_key(&one.map)?, &write.value)
    };
    let counts: BTreeMap<(&str, &str), Option<Value>> =
        view.rewritten.iter().map(|one| ((one.map.as_str(), one.key.as_str()), in_force(one))).collect();
    for record in late {
        let known = counts.get(&(record.map.as_str(), record.key.as_str())).cloned();
        record.counts = known.unwrap_or_else(|| {
            let is_held = record.reason.is_held_out();
            current(view, record).filter(|(op, _)| is_held && !ops.contains(op)).and_then(|(_, value)| value)
        });
    }
}

/// What stands under the key of a record that is held out.
fn current(view: &View, record: &LateRecord) -> Option<(OpId, Option<Value>)> {
    fn told<T: Serialize>(map: Map, entry: Option<&Entry<T>>) -> Option<(OpId, Option<Value>)> {
        // What the view could read is JSON again.
        entry.map(|entry| (entry.op, shown(map, &serde_json::to_value(&entry.value).unwrap_or_default())))
    }
    let (map, key) = (Map::from_key(&record.map)?, record.key.as_str());
    match map {
        Map::Answers => told(map, view.answers.get(key)),
        Map::Ticks => told(map, view.ticks.get(key)),
        Map::Captions => told(map, view.captions.get(key)),
        Map::Withdrawn => told(map, view.withdrawn.get(key)),
        _ => None,
    }
}

struct Collector<'a> {
    view: &'a View,
    reason: LateReason,
    is_late: &'a dyn Fn(&Seen<'_>) -> bool,
    late: Vec<LateRecord>,
}

fn collect(view: &View, reason: LateReason, is_late: &dyn Fn(&Seen<'_>) -> bool) -> Vec<LateRecord> {
    records(Collector { view, reason, is_late, late: Vec::new() })
}

/// As [`collect`], with events, pins and statements.
fn collect_all(view: &View, reason: LateReason, is_late: &dyn Fn(&Seen<'_>) -> bool) -> Vec<LateRecord> {
    let mut all = Collector { view, reason, is_late, late: Vec::new() };
    all.once(Map::Pins, &view.pins, |pin| Some(&pin.at));
    all.once(Map::Statements, &view.statements, |statement| Some(&statement.at));
    all.once(Map::Timeline, &view.timeline, |event| Some(&event.at));
    records(all)
}

fn records(mut all: Collector<'_>) -> Vec<LateRecord> {
    let view = all.view;
    all.keyed(Map::Answers, view.answers.values(), |answer| Some(&answer.at));
    all.keyed(Map::Captions, view.captions.values(), |remark: &Remark| Some(&remark.at));
    all.once(Map::Contacts, &view.contacts, |contact| Some(&contact.started_at));
    all.once(Map::Corrections, &view.corrections, |_| None);
    all.once(Map::Materials, &view.materials, |material| Some(&material.at));
    all.once(Map::Measures, &view.measures, |measure| Some(&measure.at));
    // The copies of a form are handed over when the form is signed, or later.
    all.keyed(Map::More, view.more.values().filter(|entry| !is_copy(&entry.key)), |_| None);
    all.once(Map::OpenPoints, &view.open_points, |_| None);
    all.once(Map::Outcomes, &view.outcomes, |outcome| Some(&outcome.at));
    for entry in &view.photos {
        all.add(Map::Photos, entry, Some(&entry.value.taken_at), Some(&entry.value.slot));
    }
    all.keyed(Map::Ticks, view.ticks.values(), |tick| Some(&tick.at));
    all.keyed(Map::Withdrawn, view.withdrawn.values(), |remark: &Remark| Some(&remark.at));
    all.late
}

impl<'a> Collector<'a> {
    /// Records of a map whose keys are written once.
    fn once<T: Serialize>(&mut self, map: Map, entries: &'a [Entry<T>], at: fn(&T) -> Option<&Stamp>) {
        entries.iter().for_each(|entry| self.add(map, entry, at(&entry.value), None));
    }

    /// Records of a map whose keys may be written again: every write after a hand-in.
    fn keyed<T: Serialize + 'a>(
        &mut self,
        map: Map,
        entries: impl Iterator<Item = &'a Entry<T>>,
        at: fn(&T) -> Option<&Stamp>,
    ) {
        let view = self.view;
        let is_told = |one: &&Rewritten| one.map == map.key() && !(map == Map::More && is_copy(&one.key));
        let again: Vec<&Rewritten> = view.rewritten.iter().filter(is_told).collect();
        let is_again = |key: &str| again.binary_search_by(|one| one.key.as_str().cmp(key)).is_ok();
        for entry in entries.filter(|entry| !is_again(&entry.key)) {
            self.add(map, entry, at(&entry.value), self.slot_of(map, &entry.key));
        }
        for one in again {
            let slot = self.slot_of(map, &one.key);
            for write in &one.writes {
                let entry = Entry { key: one.key.clone(), value: write.value.clone(), op: write.op };
                self.add(map, &entry, stamp(&write.value).as_ref(), slot);
            }
        }
    }

    /// The slot a remark on a photo belongs to.
    fn slot_of(&self, map: Map, key: &str) -> Option<&'a str> {
        let of_photo = matches!(map, Map::Captions | Map::Withdrawn);
        let mut photos = self.view.photos.iter().filter(|_| of_photo);
        photos.find(|entry| entry.key == key).map(|entry| entry.value.slot.as_str())
    }

    fn add<T: Serialize>(&mut self, map: Map, entry: &Entry<T>, at: Option<&Stamp>, slot: Option<&str>) {
        if !(self.is_late)(&Seen { op: entry.op, at, slot }) {
            return;
        }
        // What the view could read is JSON again.
        let record = serde_json::to_value(&entry.value).unwrap_or_default();
        self.late.push(LateRecord::of(map.key(), &entry.key, entry.op, self.reason, &record));
    }
}

impl LateRecord {
    fn of(map: &str, key: &str, op: OpId, reason: LateReason, record: &RawRecord) -> Self {
        Self {
            map: map.to_owned(),
            key: key.to_owned(),
            op,
            reason,
            decision: None,
            value: if map == NOTES {
                Some(record.clone())
            } else {
                Map::from_key(map).and_then(|map| shown(map, record))
            },
            counts: None,
            by: record.get("by").and_then(|by| UserId::deserialize(by).ok()),
            at_ms: stamp(record).map(|at| at.corrected()),
        }
    }
}

fn stamp(record: &RawRecord) -> Option<Stamp> {
    let at = ["at", "taken_at", "started_at"].into_iter().find_map(|name| record.get(name))?;
    Stamp::deserialize(at).ok()
}

/// What a person compares: the value where a record is one, else its telling fields without positions; `None` for
/// records that may name people.
#[must_use]
pub fn shown(map: Map, record: &RawRecord) -> Option<Value> {
    let fields: &[&str] = match map {
        Map::Answers => return record.get("value").cloned(),
        Map::Ticks => return record.get("done").cloned(),
        Map::Captions => return record.get("text").cloned(),
        Map::Withdrawn => return record.get("reason").cloned(),
        Map::Pins => return record.get("template").cloned(),
        Map::Statements => return record.get("kind").cloned(),
        Map::Timeline => return record.get("event").cloned(),
        Map::Contacts => &["channel", "result"],
        Map::Materials => &["sku", "quantity", "unit", "serial"],
        Map::Measures => &["code", "value", "unit"],
        Map::Outcomes => &["code", "reason"],
        Map::Photos => &["slot", "sha256", "replaces"],
        Map::Corrections | Map::More | Map::OpenPoints => return None,
    };
    let record = record.as_object()?;
    let told = record.iter().filter(|(name, _)| fields.contains(&name.as_str()));
    Some(told.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into())
}
