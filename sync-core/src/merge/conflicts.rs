//! Concurrent values of one thing under different keys: readings of a code, outcomes.
//!
//! Automerge reports concurrent values only under one key of one map. Readings and outcomes are
//! written under fresh ids, so what is concurrent among them follows from the history alone.

use std::collections::BTreeMap;

use super::causality::Causality;
use super::read::raw_record;
use super::view::{Conflict, Entry};
use crate::doc::record::{Measure, Outcome};
use crate::doc::{Map, VisitDoc};

/// Lists concurrent readings of one code and concurrent outcomes that differ.
pub(super) fn across_keys(doc: &VisitDoc, measures: &[Entry<Measure>], outcomes: &[Entry<Outcome>]) -> Vec<Conflict> {
    let mut groups: BTreeMap<&str, Vec<&Entry<Measure>>> = BTreeMap::new();
    for entry in measures {
        groups.entry(&entry.value.code).or_default().push(entry);
    }
    groups.retain(|_, entries| has_several_writers(entries));
    let outcomes: Vec<&Entry<Outcome>> = outcomes.iter().collect();
    let outcomes_contested = has_several_writers(&outcomes);
    if groups.is_empty() && !outcomes_contested {
        return Vec::new();
    }

    let causality = Causality::of(&doc.change_metas());
    let mut found = Vec::new();
    for (code, entries) in groups {
        let newest = unsuperseded(&causality, &entries);
        if newest.len() > 1 {
            found.extend(conflict(doc, Map::Measures, code, &newest));
        }
    }
    if outcomes_contested {
        let newest = unsuperseded(&causality, &outcomes);
        let differ = |a: &Outcome, b: &Outcome| a.code != b.code || a.reason != b.reason;
        if newest.windows(2).any(|pair| matches!(pair, [a, b] if differ(&a.value, &b.value))) {
            found.extend(conflict(doc, Map::Outcomes, Map::Outcomes.key(), &newest));
        }
    }
    found
}

fn has_several_writers<T>(entries: &[&Entry<T>]) -> bool {
    entries.windows(2).any(|pair| matches!(pair, [a, b] if a.op.actor != b.op.actor))
}

/// The entries that no other entry's writer knew of: what stands side by side now.
fn unsuperseded<'a, T>(causality: &Causality, entries: &[&'a Entry<T>]) -> Vec<&'a Entry<T>> {
    let places: Vec<_> = entries.iter().map(|entry| causality.place(entry.op)).collect();
    let is_superseded = |place| places.iter().flatten().any(|other| causality.precedes(place, other));
    entries
        .iter()
        .zip(&places)
        .filter(|(_, place)| place.as_ref().is_none_or(|place| !is_superseded(place)))
        .map(|(entry, _)| *entry)
        .collect()
}

fn conflict<T>(doc: &VisitDoc, map: Map, key: &str, entries: &[&Entry<T>]) -> Option<Conflict> {
    let candidates = entries
        .iter()
        .map(|entry| Entry { key: entry.key.clone(), value: raw_record(doc, map, &entry.key, entry.op), op: entry.op })
        .collect();
    let chosen = entries.last()?.op;
    let policy = map.merging().policy;
    Some(Conflict { map: map.key().to_owned(), key: key.to_owned(), candidates, policy, chosen, choice: None })
}
