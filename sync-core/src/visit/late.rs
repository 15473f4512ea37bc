//! Records written after the visit was handed in: kept, out of rules until the office accepts them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::doc::Map;
use crate::merge::View;
use crate::merge::view::{Entry, OpId};
use crate::time::{Stamp, UnixMillis};

use super::rework::Return;

/// A record that came after its time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LateRecord {
    /// Root key of its map.
    pub map: String,
    /// Its key.
    pub key: String,
}

/// The view without late records, for rules and figures until the office accepts them.
///
/// Photos, captions, withdrawals, readings, contacts, materials, outcomes, open points and
/// corrections leave. Of an answer or tick that was written again the view holds only the newest
/// value: one written late stays visible here, and its [`LateRecord`] says so.
#[must_use]
pub fn in_force(view: &View, late: &[LateRecord]) -> View {
    let late: BTreeSet<(&str, &str)> = late.iter().map(|one| (one.map.as_str(), one.key.as_str())).collect();
    let counts = |map: Map, key: &str| !late.contains(&(map.key(), key));
    let mut view = view.clone();
    view.photos.retain(|entry| counts(Map::Photos, &entry.key));
    view.captions.retain(|key, _| counts(Map::Captions, key));
    view.withdrawn.retain(|key, _| counts(Map::Withdrawn, key));
    view.measures.retain(|entry| counts(Map::Measures, &entry.key));
    view.contacts.retain(|entry| counts(Map::Contacts, &entry.key));
    view.materials.retain(|entry| counts(Map::Materials, &entry.key));
    view.outcomes.retain(|entry| counts(Map::Outcomes, &entry.key));
    view.open_points.retain(|entry| counts(Map::OpenPoints, &entry.key));
    view.corrections.retain(|entry| counts(Map::Corrections, &entry.key));
    view
}

/// What lateness reads of a record.
struct Seen<'a> {
    map: Map,
    key: &'a str,
    op: OpId,
    at: Option<&'a Stamp>,
    /// The photo slot it belongs to.
    slot: Option<&'a str>,
}

impl Seen<'_> {
    fn late(&self) -> LateRecord {
        LateRecord { map: self.map.key().to_owned(), key: self.key.to_owned() }
    }
}

/// Records after `submit` outside the slots that were open at their time, in map order.
///
/// "After" is the order of operations: it extends causal order and is the same on every device.
/// Events are judged by the state machine, statements by their own chain; neither is listed here.
pub(super) fn after_submit(view: &View, submit: OpId, returns: &[Return]) -> Vec<LateRecord> {
    let was_open = |seen: &Seen<'_>| {
        let reopened = |one: &Return| seen.slot.is_some_and(|slot| one.slots.iter().any(|open| open == slot));
        returns.iter().any(|one| reopened(one) && one.answered_by.is_none_or(|answer| seen.op < answer))
    };
    records(view).iter().filter(|seen| seen.op > submit && !was_open(seen)).map(Seen::late).collect()
}

/// Records made after the office cancelled the visit, by the device's corrected clock.
pub(super) fn after_cancel(view: &View, cancelled_at: UnixMillis) -> Vec<LateRecord> {
    let is_later = |seen: &&Seen<'_>| seen.at.is_some_and(|at| at.corrected() > cancelled_at);
    records(view).iter().filter(is_later).map(Seen::late).collect()
}

fn records(view: &View) -> Vec<Seen<'_>> {
    fn seen<'a, T>(map: Map, entry: &'a Entry<T>, at: Option<&'a Stamp>) -> Seen<'a> {
        Seen { map, key: &entry.key, op: entry.op, at, slot: None }
    }
    let slot_of = |photo: &str| view.photos.iter().find(|entry| entry.key == photo).map(|e| e.value.slot.as_str());
    let of_photo = |map, entry| {
        let entry: &Entry<crate::doc::record::Remark> = entry;
        Seen { slot: slot_of(&entry.key), ..seen(map, entry, Some(&entry.value.at)) }
    };
    let mut all = Vec::new();
    all.extend(view.answers.values().map(|e| seen(Map::Answers, e, Some(&e.value.at))));
    all.extend(view.captions.values().map(|entry| of_photo(Map::Captions, entry)));
    all.extend(view.contacts.iter().map(|e| seen(Map::Contacts, e, Some(&e.value.started_at))));
    all.extend(view.corrections.iter().map(|e| seen(Map::Corrections, e, None)));
    all.extend(view.materials.iter().map(|e| seen(Map::Materials, e, Some(&e.value.at))));
    all.extend(view.measures.iter().map(|e| seen(Map::Measures, e, Some(&e.value.at))));
    all.extend(view.more.values().map(|e| seen(Map::More, e, None)));
    all.extend(view.open_points.iter().map(|e| seen(Map::OpenPoints, e, None)));
    all.extend(view.outcomes.iter().map(|e| seen(Map::Outcomes, e, Some(&e.value.at))));
    all.extend(view.photos.iter().map(|e| {
        let slot = Some(e.value.slot.as_str());
        Seen { slot, ..seen(Map::Photos, e, Some(&e.value.taken_at)) }
    }));
    all.extend(view.ticks.values().map(|e| seen(Map::Ticks, e, Some(&e.value.at))));
    all.extend(view.withdrawn.values().map(|entry| of_photo(Map::Withdrawn, entry)));
    all
}
