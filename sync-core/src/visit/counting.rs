//! The view of some of its writes: what it was before the others came.
//!
//! Of a key that was written again the value before counts once more (design section 2.2); the view
//! keeps those values. Events, pins and statements stay: the state machine and their own chain judge them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::doc::Map;
use crate::merge::view::{Conflict, Entry, OpId, Rewritten, Write};
use crate::merge::{View, put, settle_again, standing};

/// The view without the writes that do not count.
pub(super) fn counting(view: &View, counts: &dyn Fn(OpId) -> bool) -> View {
    let mut counting = view.clone();
    counting.photos.retain(|entry| counts(entry.op));
    counting.measures.retain(|entry| counts(entry.op));
    counting.contacts.retain(|entry| counts(entry.op));
    counting.materials.retain(|entry| counts(entry.op));
    counting.outcomes.retain(|entry| counts(entry.op));
    counting.open_points.retain(|entry| counts(entry.op));
    counting.corrections.retain(|entry| counts(entry.op));
    newest(&mut counting.ticks, Map::Ticks, &view.rewritten, counts);
    newest(&mut counting.answers, Map::Answers, &view.rewritten, counts);
    newest(&mut counting.captions, Map::Captions, &view.rewritten, counts);
    newest(&mut counting.withdrawn, Map::Withdrawn, &view.rewritten, counts);
    newest(&mut counting.more, Map::More, &view.rewritten, counts);
    counting.signed.retain(|one| counts(one.value.op));
    stand_in(&mut counting, view, counts);
    counting.conflicts = conflicts(view, counts);
    settle_again(&mut counting);
    counting
}

/// Where the chosen one of concurrent values does not count, the newest of the others stands.
fn stand_in(counting: &mut View, view: &View, counts: &dyn Fn(OpId) -> bool) {
    let dropped = view.conflicts.iter().filter(|conflict| !counts(conflict.chosen));
    for conflict in dropped.filter(|conflict| !is_rewritten(view, conflict)) {
        let mut newest_first = conflict.candidates.iter().rev().filter(|entry| counts(entry.op));
        newest_first.find(|entry| put(counting, &conflict.map, entry));
    }
}

fn is_rewritten(view: &View, conflict: &Conflict) -> bool {
    view.rewritten.iter().any(|one| one.map == conflict.map && one.key == conflict.key)
}

/// Puts the newest value that counts under each key; a key without one leaves.
fn newest<T: DeserializeOwned>(
    entries: &mut BTreeMap<String, Entry<T>>,
    map: Map,
    rewritten: &[Rewritten],
    counts: &dyn Fn(OpId) -> bool,
) {
    for one in rewritten.iter().filter(|one| one.map == map.key()) {
        let readable = |write: &&Write| Some((write.op, T::deserialize(&write.value).ok()?));
        match standing(one, counts).iter().rev().find_map(readable) {
            Some((op, value)) => drop(entries.insert(one.key.clone(), Entry { key: one.key.clone(), value, op })),
            None => drop(entries.remove(&one.key)),
        }
    }
    entries.retain(|_, entry| counts(entry.op));
}

/// The conflicts among what counts.
fn conflicts(view: &View, counts: &dyn Fn(OpId) -> bool) -> Vec<Conflict> {
    let others = view.conflicts.iter().filter(|one| !is_rewritten(view, one));
    let mut found: Vec<Conflict> = others.filter_map(|one| among(one, counts)).collect();
    found.extend(view.rewritten.iter().filter_map(|one| conflict(one, counts)));
    found.sort_by(|a, b| (&a.map, &a.key, a.chosen).cmp(&(&b.map, &b.key, b.chosen)));
    found
}

fn among(conflict: &Conflict, counts: &dyn Fn(OpId) -> bool) -> Option<Conflict> {
    let candidates: Vec<_> = conflict.candidates.iter().filter(|entry| counts(entry.op)).cloned().collect();
    let chosen = candidates.last()?.op;
    (candidates.len() > 1).then(|| Conflict { candidates, chosen, ..conflict.clone() })
}

fn conflict(one: &Rewritten, counts: &dyn Fn(OpId) -> bool) -> Option<Conflict> {
    let mut candidates: Vec<Entry<serde_json::Value>> = Vec::new();
    for write in standing(one, counts) {
        // Equal values count once, as the newest of them.
        candidates.retain(|other| other.value != write.value);
        candidates.push(Entry { key: one.key.clone(), value: write.value.clone(), op: write.op });
    }
    let (chosen, policy) = (candidates.last()?.op, Map::from_key(&one.map)?.merging().policy);
    let contested = candidates.len() > 1;
    contested.then(|| Conflict { map: one.map.clone(), key: one.key.clone(), candidates, policy, chosen, choice: None })
}
