//! From document to view.
//!
//! Owns the order of records, the choice among concurrent ones and the findings about odd data. Two
//! documents with equal heads give equal views, because everything here follows from the operations.

use std::collections::BTreeMap;

use automerge::{ObjId, ReadDoc, ScalarValueRef, Value, ValueRef};
use serde::de::DeserializeOwned;

use super::conflicts::across_keys;
use super::held::{Held, HeldRecord, SetApart};
use super::notes::NotesWithout;
use super::rewritten::{Later, WithoutHeld, rewritten};
use super::settle::Overlay;
use super::shape::{Unknown, unknown_parts};
use super::signed::signed;
use super::view::{Conflict, Entry, Finding, OpId, RawRecord, Rewritten, View};
use crate::doc::record::TimelineEvent;
use crate::doc::visit_doc::{actor_of, map_object, notes_object};
use crate::doc::{Map, VisitDoc};

/// Merges a document into a view that follows from its heads alone.
///
/// What rules, screens and projections read is this view once it is [settled](super::settle()).
#[must_use]
pub fn view(doc: &VisitDoc) -> View {
    view_without(doc, &Held::default())
}

/// Merges a document into a view as if what is held out had never been written; it stands apart in [`View::held`].
///
/// Equal heads and equal rows of the office give equal views.
#[must_use]
pub fn view_without(doc: &VisitDoc, held: &Held) -> View {
    let mut reader = Reader {
        doc,
        held,
        without: (!held.is_empty()).then(|| WithoutHeld::of(doc, held)),
        apart: Vec::new(),
        hand_in: None,
        later: Later::new(),
        conflicts: Vec::new(),
        findings: Vec::new(),
    };
    let timeline = reader.list(Map::Timeline);
    reader.hand_in = first_hand_in(&timeline);
    let measures = reader.list(Map::Measures);
    let outcomes = reader.list(Map::Outcomes);
    let across = across_keys(doc, &measures, &outcomes);
    let mut view = View {
        visit: doc.visit(),
        heads: doc.heads(),
        pins: reader.list(Map::Pins),
        timeline,
        contacts: reader.list(Map::Contacts),
        ticks: reader.newest(Map::Ticks),
        measures,
        answers: reader.newest(Map::Answers),
        photos: reader.list(Map::Photos),
        captions: reader.newest(Map::Captions),
        withdrawn: reader.newest(Map::Withdrawn),
        materials: reader.list(Map::Materials),
        open_points: reader.list(Map::OpenPoints),
        corrections: reader.list(Map::Corrections),
        more: reader.newest(Map::More),
        statements: reader.list(Map::Statements),
        outcomes,
        notes: String::new(),
        released_notes: Vec::new(),
        rewritten: Vec::new(),
        signed: Vec::new(),
        conflicts: reader.conflicts,
        held: reader.apart,
        set_apart: if held.is_empty() { SetApart::default() } else { SetApart::of(doc, held) },
        findings: reader.findings,
        overlay: Overlay::default(),
    };
    if held.is_empty() {
        view.notes = doc.automerge().text(notes_object(doc.visit())).unwrap_or_default();
    } else {
        let notes = NotesWithout::of(doc, held);
        view.held.extend(notes.held);
        (view.notes, view.released_notes) = (notes.text, notes.released);
    }
    view.signed = signed(doc, &view);
    view.signed.retain(|signed| !held.holds(signed.value.op));
    if let Some(hand_in) = reader.hand_in.filter(|_| !reader.later.is_empty()) {
        view.rewritten = rewritten(doc, hand_in, &reader.later);
        let without = |one: Rewritten| {
            let map = Map::from_key(&one.map);
            let known = reader.without.as_ref().zip(map).and_then(|(all, map)| all.rewritten(map, &one.key));
            known.cloned().unwrap_or(one)
        };
        view.rewritten = std::mem::take(&mut view.rewritten).into_iter().map(without).collect();
    }
    view.held.sort_by(|a, b| (&a.map, a.record.op).cmp(&(&b.map, b.record.op)));
    view.conflicts.extend(across);
    view.conflicts.sort_by(|a, b| (&a.map, &a.key, a.chosen).cmp(&(&b.map, &b.key, b.chosen)));
    view.findings.sort();
    view
}

/// The first event with which the crew hands the visit in, whether it counts or not.
fn first_hand_in(timeline: &[Entry<TimelineEvent>]) -> Option<OpId> {
    timeline.iter().find(|entry| entry.value.hands_in()).map(|entry| entry.op)
}

/// Reads one record as JSON; text that is no JSON is shown as text.
pub(super) fn raw_record(doc: &VisitDoc, map: Map, key: &str, op: OpId) -> RawRecord {
    let all = all_values(doc, &map_object(doc.visit(), map), key);
    let text = all.into_iter().find(|written| written.op == op).and_then(|written| written.text);
    text.map_or(RawRecord::Null, |text| json_or_text(&text))
}

/// One value as it stands in a map.
pub(super) struct Written {
    pub(super) op: OpId,
    /// `None` if the value is no string.
    pub(super) text: Option<String>,
}

struct Reader<'a> {
    doc: &'a VisitDoc,
    held: &'a Held,
    /// The rewritable keys of which something is held out; `None` where nothing is.
    without: Option<WithoutHeld>,
    /// What is held out.
    apart: Vec<HeldRecord>,
    /// The first hand-in, once the events are read.
    hand_in: Option<OpId>,
    /// Keys of rewritable maps written after it.
    later: Later,
    conflicts: Vec<Conflict>,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    /// All records of a map in operation order.
    fn list<T: DeserializeOwned>(&mut self, map: Map) -> Vec<Entry<T>> {
        let mut entries: Vec<Entry<T>> = Vec::new();
        for (key, values) in self.written(map) {
            entries.extend(values.iter().filter_map(|value| self.parse(map, &key, value)));
        }
        entries.sort_by_key(|entry| entry.op);
        entries
    }

    /// The newest readable record of each key.
    fn newest<T: DeserializeOwned>(&mut self, map: Map) -> BTreeMap<String, Entry<T>> {
        let mut entries = BTreeMap::new();
        for (key, values) in self.written(map) {
            if self.hand_in.is_some_and(|hand_in| values.iter().any(|value| value.op > hand_in)) {
                self.later.insert((map, key.clone()));
            }
            let readable: Vec<Entry<T>> = values.iter().filter_map(|value| self.parse(map, &key, value)).collect();
            if let Some(newest) = readable.into_iter().max_by_key(|entry| entry.op) {
                entries.insert(key, newest);
            }
        }
        entries
    }

    /// The values of each key in operation order, concurrent ones noted as a conflict.
    fn written(&mut self, map: Map) -> Vec<(String, Vec<Written>)> {
        let object = map_object(self.doc.visit(), map);
        let mut keys = Vec::new();
        for item in self.doc.automerge().map_range(&object, ..) {
            let key = item.key.clone().into_owned();
            let values = if item.conflict {
                all_values(self.doc, &object, &key)
            } else {
                let text = match &item.value {
                    ValueRef::Scalar(ScalarValueRef::Str(text)) => Some(text.clone().into_owned()),
                    _ => None,
                };
                op_id(&item.id()).map(|op| Written { op, text }).into_iter().collect()
            };
            let values = self.without_held(map, &key, values);
            let values = if values.len() > 1 { self.concurrent(map, &key, values) } else { values };
            keys.push((key, values));
        }
        keys
    }

    /// The values of a key without those held out, which are set apart.
    fn without_held(&mut self, map: Map, key: &str, mut values: Vec<Written>) -> Vec<Written> {
        let Some(without) = &self.without else { return values };
        if let Some((values, held)) = without.values(map, key) {
            self.apart.extend(held.iter().cloned());
            return values;
        }
        let record = |written: Written| HeldRecord {
            map: map.key().to_owned(),
            record: Entry {
                key: key.to_owned(),
                value: written.text.as_deref().map_or(RawRecord::Null, json_or_text),
                op: written.op,
            },
        };
        self.apart.extend(values.extract_if(.., |value| self.held.holds(value.op)).map(record));
        values
    }

    /// The concurrent values of a key; equal texts count once, as the newest of them.
    fn concurrent(&mut self, map: Map, key: &str, all: Vec<Written>) -> Vec<Written> {
        let mut values: Vec<Written> = Vec::new();
        for value in all {
            values.retain(|other| other.text != value.text);
            values.push(value);
        }
        if let (Some(chosen), true) = (values.last().map(|value| value.op), values.len() > 1) {
            let candidates = values
                .iter()
                .map(|value| Entry {
                    key: key.to_owned(),
                    value: value.text.as_deref().map_or(RawRecord::Null, json_or_text),
                    op: value.op,
                })
                .collect();
            self.conflicts.push(Conflict {
                map: map.key().to_owned(),
                key: key.to_owned(),
                candidates,
                policy: map.merging().policy,
                chosen,
                choice: None,
            });
        }
        values
    }

    /// Reads a record; what cannot be read stays in the document and becomes a finding.
    fn parse<T: DeserializeOwned>(&mut self, map: Map, key: &str, written: &Written) -> Option<Entry<T>> {
        let Some(text) = &written.text else {
            self.find("unreadable_record", map, key, Some("not a text".to_owned()));
            return None;
        };
        let value = match serde_json::from_str::<T>(text) {
            Ok(value) => value,
            Err(error) if error.is_data() => {
                self.find("unknown_record_shape", map, key, None);
                return None;
            }
            Err(_no_json) => {
                self.find("unreadable_record", map, key, Some("not JSON".to_owned()));
                return None;
            }
        };
        for part in unknown_parts(map, text) {
            match part {
                Unknown::Event(name) => self.find("unknown_event", map, key, Some(name)),
                Unknown::Value(field) => self.find("unknown_value", map, key, Some(field.to_owned())),
                Unknown::Time(field) => self.find("device_time_implausible", map, key, Some(field.to_owned())),
                Unknown::Field(field) => self.find("unknown_field", map, key, Some(field)),
            }
        }
        Some(Entry { key: key.to_owned(), value, op: written.op })
    }

    fn find(&mut self, code: &str, map: Map, key: &str, detail: Option<String>) {
        let subject = format!("{}/{key}", map.key());
        self.findings.push(Finding { code: code.to_owned(), subject, detail });
    }
}

/// Every value of a key that no later write replaced, in operation order.
fn all_values(doc: &VisitDoc, object: &ObjId, key: &str) -> Vec<Written> {
    values_of(doc.automerge().get_all(object, key).unwrap_or_default())
}

/// Values as Automerge gives them, in operation order.
pub(super) fn values_of(values: Vec<(Value<'_>, ObjId)>) -> Vec<Written> {
    let mut values: Vec<Written> = values
        .into_iter()
        .filter_map(|(value, id)| {
            let text = match value {
                Value::Scalar(scalar) => scalar.as_str().map(str::to_owned),
                Value::Object(_) => None,
            };
            Some(Written { op: op_id(&id)?, text })
        })
        .collect();
    values.sort_by_key(|value| value.op);
    values
}

fn op_id(id: &ObjId) -> Option<OpId> {
    match id {
        ObjId::Root => None,
        ObjId::Id(counter, actor, _) => Some(OpId { counter: *counter, actor: actor_of(actor)? }),
    }
}

pub(super) fn json_or_text(text: &str) -> RawRecord {
    serde_json::from_str(text).unwrap_or_else(|_no_json| RawRecord::String(text.to_owned()))
}
