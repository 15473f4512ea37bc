//! Every value of a key that was written again after a hand-in.
//!
//! The merged document shows one value of such a key; what counts may be the value before (design
//! section 2.2). Owns reading it from the history. Knows nothing of what counts, and nobody calls it
//! while nothing was written after a hand-in.

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{Key, ObjectId, Op, OpType};
use automerge::{ActorId, Automerge, Change, ChangeHash, ObjId, ReadDoc, ScalarValue};

use super::read::{Written, json_or_text, values_of};
use super::view::{OpId, Rewritten, Write};
use crate::doc::visit_doc::{actor_of, map_object};
use crate::doc::{Map, VisitDoc};

/// Keys of rewritable maps with a value written after the first hand-in.
pub(super) type Later = BTreeSet<(Map, String)>;

/// The writes found so far, by map and key.
type Found = BTreeMap<Map, BTreeMap<String, Vec<Write>>>;

/// Lists the writes of these keys: what stood there when the visit was first handed in, what came after.
pub(super) fn rewritten(doc: &VisitDoc, hand_in: OpId, later: &Later) -> Vec<Rewritten> {
    let known = before(doc.automerge(), hand_in);
    let mut found = Found::new();
    for (map, key) in later {
        let object = map_object(doc.visit(), *map);
        let values = doc.automerge().get_all_at(&object, key.as_str(), &known).unwrap_or_default();
        let writes = values_of(values).into_iter().map(|written| write_of(written, Vec::new())).collect();
        found.entry(*map).or_default().insert(key.clone(), writes);
    }
    let objects: BTreeMap<u64, Map> = found.keys().map(|map| (counter(doc, *map), *map)).collect();
    for change in doc.automerge().get_changes(&known) {
        add_writes(&change, &objects, &mut found);
    }
    let keys = found.into_iter().flat_map(|(map, keys)| keys.into_iter().map(move |(key, writes)| (map, key, writes)));
    keys.map(|(map, key, mut writes)| {
        writes.sort_by_key(|write| write.op);
        Rewritten { map: map.key().to_owned(), key, writes }
    })
    .collect()
}

/// What the writer of an operation had seen: the changes his own follows directly.
pub(super) fn before(doc: &Automerge, operation: OpId) -> Vec<ChangeHash> {
    let operation = ObjId::Id(operation.counter, ActorId::from(&operation.actor.0[..]), 0);
    let change = doc.hash_for_opid(&operation).and_then(|hash| doc.get_change_by_hash(&hash));
    change.map(|change| change.deps().to_vec()).unwrap_or_default()
}

/// The counter of the operation that made a map.
fn counter(doc: &VisitDoc, map: Map) -> u64 {
    match map_object(doc.visit(), map) {
        ObjId::Id(counter, ..) => counter,
        ObjId::Root => 0,
    }
}

/// Adds what one change writes under the keys asked for.
fn add_writes(change: &Change, objects: &BTreeMap<u64, Map>, found: &mut Found) {
    let Some(actor) = actor_of(change.actor_id()) else { return };
    for (counter, operation) in (change.start_op().get()..).zip(change.decode().operations) {
        let Some((map, key, text)) = record_of(&operation, objects) else { continue };
        if let Some(writes) = found.get_mut(&map).and_then(|keys| keys.get_mut(key)) {
            let replaces = operation.pred.iter().filter_map(replaced).collect();
            writes.push(write_of(Written { op: OpId { counter, actor }, text }, replaces));
        }
    }
}

fn replaced(operation: &automerge::legacy::OpId) -> Option<OpId> {
    Some(OpId { counter: operation.counter(), actor: actor_of(operation.actor())? })
}

/// Map, key and text of an operation that writes a record.
fn record_of<'o>(operation: &'o Op, objects: &BTreeMap<u64, Map>) -> Option<(Map, &'o str, Option<String>)> {
    let (ObjectId::Id(object), Key::Map(key), OpType::Put(value)) = (&operation.obj, &operation.key, &operation.action)
    else {
        return None;
    };
    let text = match value {
        ScalarValue::Str(text) => Some(text.to_string()),
        _ => None,
    };
    Some((*objects.get(&object.counter())?, key.as_str(), text))
}

fn write_of(written: Written, replaces: Vec<OpId>) -> Write {
    let value = written.text.as_deref().map_or(serde_json::Value::Null, json_or_text);
    Write { op: written.op, value, replaces }
}
