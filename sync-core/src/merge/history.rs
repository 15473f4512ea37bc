//! Every change of a document with what it wrote over what: history for people, and the document as it was.

use std::collections::BTreeMap;

use automerge::legacy::{Key, ObjectId, Op, OpType};
use automerge::{Change, ScalarValue};
use serde::{Deserialize, Serialize};

use super::read::json_or_text;
use super::view::{Entry, OpId, RawRecord};
use crate::bytes::{Actor, Hash};
use crate::doc::genesis::genesis_actor;
use crate::doc::visit_doc::actor_of;
use crate::doc::{Map, VisitDoc};
use crate::ids::UserId;
use crate::time::Stamp;

/// One change of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryChange {
    /// Change hash.
    pub hash: Hash,
    /// Who wrote it: an install of a device.
    pub actor: Actor,
    /// Position among the actor's changes, from 1.
    pub seq: u64,
    /// The changes its writer had seen last.
    pub deps: Vec<Hash>,
    /// The records it wrote, in operation order.
    pub writes: Vec<HistoryWrite>,
    /// Characters it added to the notes.
    pub notes_added: usize,
    /// Characters it took out of the notes.
    pub notes_removed: usize,
}

/// One record as a change wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryWrite {
    /// Root key of the map.
    pub map: String,
    /// The record with its key and operation.
    pub new: Entry<RawRecord>,
    /// The values it replaced: what its writer saw under the key.
    pub old: Vec<RawRecord>,
}

impl HistoryChange {
    /// Who wrote it, as its records say.
    #[must_use]
    pub fn by(&self) -> Option<UserId> {
        self.writes.iter().find_map(|write| write.new.by())
    }

    /// When it was written, as well as the device knew.
    #[must_use]
    pub fn at(&self) -> Option<Stamp> {
        self.writes.iter().find_map(|write| write.new.at())
    }
}

/// Every change but the genesis in causal order.
#[must_use]
pub fn history(doc: &VisitDoc) -> Vec<HistoryChange> {
    let mut values: BTreeMap<OpId, RawRecord> = BTreeMap::new();
    let changes = doc.automerge().get_changes(&[]);
    let told = changes.iter().filter_map(|change| told(change, &mut values));
    told.filter(|change| change.actor != genesis_actor(doc.visit())).collect()
}

fn told(change: &Change, values: &mut BTreeMap<OpId, RawRecord>) -> Option<HistoryChange> {
    let actor = actor_of(change.actor_id())?;
    let mut told = HistoryChange {
        hash: Hash(change.hash().0),
        actor,
        seq: change.seq(),
        deps: change.deps().iter().map(|dep| Hash(dep.0)).collect(),
        writes: Vec::new(),
        notes_added: 0,
        notes_removed: 0,
    };
    for (counter, operation) in (change.start_op().get()..).zip(change.decode().operations) {
        match &operation.action {
            OpType::Delete => told.notes_removed += 1,
            _ if operation.insert => told.notes_added += 1,
            _ => told.writes.extend(write_of(&operation, OpId { counter, actor }, values)),
        }
    }
    Some(told)
}

fn write_of(operation: &Op, op: OpId, values: &mut BTreeMap<OpId, RawRecord>) -> Option<HistoryWrite> {
    let (ObjectId::Id(object), Key::Map(key), OpType::Put(ScalarValue::Str(text))) =
        (&operation.obj, &operation.key, &operation.action)
    else {
        return None;
    };
    // The genesis made the maps in this order, by its operations from 1 on.
    let position = usize::try_from(object.counter()).ok()?.checked_sub(1)?;
    let map = Map::ALL.get(position)?;
    let replaced = operation
        .pred
        .iter()
        .filter_map(|pred| values.get(&OpId { counter: pred.counter(), actor: actor_of(pred.actor())? }).cloned());
    let old = replaced.collect();
    let value = json_or_text(text);
    values.insert(op, value.clone());
    Some(HistoryWrite { map: map.key().to_owned(), new: Entry { key: key.to_string(), value, op }, old })
}
