//! Every value of a key that was written again after a hand-in.
//!
//! The merged document shows one value of such a key; what counts may be the value before (design
//! section 2.2). Owns reading it from the history. Knows nothing of what counts, and nobody calls it
//! while nothing was written after a hand-in.

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{Key, ObjectId, Op, OpType};
use automerge::{ActorId, Automerge, Change, ChangeHash, ObjId, ReadDoc, ScalarValue};

use super::held::{Held, HeldRecord};
use super::read::{Written, json_or_text, values_of};
use super::view::{Entry, OpId, Rewritten, Write};
use crate::doc::visit_doc::{actor_of, map_object};
use crate::doc::{Map, VisitDoc};

/// Keys of rewritable maps with a value written after the first hand-in.
pub(super) type Later = BTreeSet<(Map, String)>;

/// The writes found so far, by map and key.
type Found = BTreeMap<Map, BTreeMap<String, Vec<Write>>>;

/// Every write under the rewritable keys that hold something held out, read once from the whole history.
pub(super) struct WithoutHeld {
    keys: BTreeMap<(Map, String), (Rewritten, Vec<HeldRecord>)>,
    /// What each of these writes says, as it stands in the document.
    texts: BTreeMap<OpId, Option<String>>,
}

impl WithoutHeld {
    /// Reads the history; only to be called where something is held out.
    pub(super) fn of(doc: &VisitDoc, held: &Held) -> Self {
        let rewritable = Map::ALL.into_iter().filter(|map| map.rewritable());
        let objects: BTreeMap<u64, Map> = rewritable.map(|map| (counter(doc, map), map)).collect();
        let mut all: BTreeMap<(Map, String), Vec<Write>> = BTreeMap::new();
        let mut texts = BTreeMap::new();
        for change in doc.automerge().get_changes(&[]) {
            each_write(&change, &objects, |map, key, written, replaces| {
                texts.insert(written.op, written.text.clone());
                all.entry((map, key.to_owned())).or_default().push(write_of(written, replaces));
            });
        }
        all.retain(|_, writes| writes.iter().any(|write| held.holds(write.op)));
        let kept: BTreeSet<OpId> = all.values().flatten().map(|write| write.op).collect();
        texts.retain(|op, _| kept.contains(op));
        let apart = |((map, key), writes): ((Map, String), Vec<Write>)| {
            let apart = set_apart(map, &key, writes, held);
            ((map, key), apart)
        };
        Self { keys: all.into_iter().map(apart).collect(), texts }
    }

    /// The values of a key as if nothing held out had been written, and what was; `None` if nothing of it is held out.
    pub(super) fn values(&self, map: Map, key: &str) -> Option<(Vec<Written>, &[HeldRecord])> {
        let (rewritten, held) = self.keys.get(&(map, key.to_owned()))?;
        let values = standing(rewritten, &|_| true).into_iter();
        let text = |op| self.texts.get(&op).cloned().flatten();
        Some((values.map(|write| Written { op: write.op, text: text(write.op) }).collect(), held))
    }

    /// The writes of a key without those held out; `None` if nothing of it is held out.
    pub(super) fn rewritten(&self, map: Map, key: &str) -> Option<&Rewritten> {
        self.keys.get(&(map, key.to_owned())).map(|(rewritten, _)| rewritten)
    }
}

/// Takes the writes held out of a key; who had replaced one of them then replaced what it had replaced.
fn set_apart(map: Map, key: &str, mut writes: Vec<Write>, held: &Held) -> (Rewritten, Vec<HeldRecord>) {
    writes.sort_by_key(|write| write.op);
    let (apart, mut writes): (Vec<Write>, Vec<Write>) = writes.into_iter().partition(|write| held.holds(write.op));
    let below: BTreeMap<OpId, &[OpId]> = apart.iter().map(|write| (write.op, write.replaces.as_slice())).collect();
    for write in &mut writes {
        let (mut open, mut reached) = (std::mem::take(&mut write.replaces), BTreeSet::new());
        while let Some(op) = open.pop() {
            match below.get(&op) {
                Some(further) => open.extend(further.iter().copied()),
                None => drop(reached.insert(op)),
            }
        }
        write.replaces = reached.into_iter().collect();
    }
    let record = |write: Write| HeldRecord {
        map: map.key().to_owned(),
        record: Entry { key: key.to_owned(), value: write.value, op: write.op },
    };
    let held = apart.into_iter().map(record).collect();
    (Rewritten { map: map.key().to_owned(), key: key.to_owned(), writes }, held)
}

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
        each_write(&change, &objects, |map, key, written, replaces| {
            if let Some(writes) = found.get_mut(&map).and_then(|keys| keys.get_mut(key)) {
                writes.push(write_of(written, replaces));
            }
        });
    }
    let keys = found.into_iter().flat_map(|(map, keys)| keys.into_iter().map(move |(key, writes)| (map, key, writes)));
    keys.map(|(map, key, mut writes)| {
        writes.sort_by_key(|write| write.op);
        Rewritten { map: map.key().to_owned(), key, writes }
    })
    .collect()
}

/// The writes of a key that stand if only these count: no other that counts came over them.
///
/// A write also comes over what the writes it replaced had replaced, whether those count or not.
pub(crate) fn standing<'w>(one: &'w Rewritten, counts: &dyn Fn(OpId) -> bool) -> Vec<&'w Write> {
    let by_op: BTreeMap<OpId, &Write> = one.writes.iter().map(|write| (write.op, write)).collect();
    let counted = || one.writes.iter().filter(|write| counts(write.op));
    let mut replaced = BTreeSet::new();
    let mut open: Vec<OpId> = counted().flat_map(|write| write.replaces.iter().copied()).collect();
    while let Some(op) = open.pop() {
        if replaced.insert(op) {
            open.extend(by_op.get(&op).into_iter().flat_map(|write| write.replaces.iter().copied()));
        }
    }
    counted().filter(|write| !replaced.contains(&write.op)).collect()
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

/// Gives each record that one change writes into these maps, with the operations it replaces.
fn each_write(change: &Change, objects: &BTreeMap<u64, Map>, mut give: impl FnMut(Map, &str, Written, Vec<OpId>)) {
    let Some(actor) = actor_of(change.actor_id()) else { return };
    for (counter, operation) in (change.start_op().get()..).zip(change.decode().operations) {
        let Some((map, key, text)) = record_of(&operation, objects) else { continue };
        let replaces = operation.pred.iter().filter_map(replaced).collect();
        give(map, key, Written { op: OpId { counter, actor }, text }, replaces);
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
