//! Which operations stay out of every view until the office accepts them.
//!
//! What a rep brought after the visit was given to others or closed is part of the document for ever, and other work may rest on
//! it; so it is left out operation by operation. The office's rows name the operations, phones get the same rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::held_out::HeldOut;
use super::view::{Entry, OpId, RawRecord};
use crate::bytes::Hash;
use crate::doc::VisitDoc;
use crate::ids::DecisionId;
use crate::plan::{LateDecisionRow, LateVerdict, LateWorkRow, Review};

/// The operations that are held out, by writer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    came: HeldOut,
    accepted: BTreeSet<OpId>,
}

/// A record that is held out; of a key that was written again, each such write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRecord {
    /// Root key of its map, or [`NOTES`](super::NOTES).
    pub map: String,
    /// What was written.
    pub record: Entry<RawRecord>,
}

impl Held {
    /// What these rows hold out; decisions stand oldest first.
    #[must_use]
    pub fn of(work: &[LateWorkRow], decisions: &[LateDecisionRow]) -> Self {
        let mut held = Self { came: HeldOut::of(work), accepted: BTreeSet::new() };
        if !held.is_empty() {
            let accepted = newest(decisions).into_iter().filter(|(_, newest)| newest.decision == LateVerdict::Accept);
            held.accepted = accepted.map(|(op, _)| op).collect();
        }
        held
    }

    /// Whether nothing is held out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.came.is_empty()
    }

    /// Whether an operation was held out when it came, whatever was decided about it since.
    pub(super) fn came_held_out(&self, op: OpId) -> bool {
        self.came.reason(op).is_some()
    }

    /// Whether an operation is held out.
    #[must_use]
    pub fn holds(&self, op: OpId) -> bool {
        self.came_held_out(op) && !self.accepted.contains(&op)
    }
}

/// Which changes came held out, so that a verdict stays about all that was there without them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetApart {
    /// The newest of the other changes.
    heads: BTreeSet<Hash>,
    /// Those that came held out, with what they rest on.
    changes: BTreeMap<Hash, Vec<Hash>>,
}

impl SetApart {
    /// Reads the changes of a document; only to be called where something is held out.
    pub(super) fn of(doc: &VisitDoc, held: &Held) -> Self {
        let (apart, others): (Vec<_>, Vec<_>) = doc
            .change_metas()
            .into_iter()
            // What has no operation says nothing, whenever it came.
            .partition(|meta| {
                let first = OpId { counter: meta.start_op, actor: meta.actor };
                meta.max_op < meta.start_op || held.came_held_out(first)
            });
        let changes = apart.into_iter().map(|meta| (meta.hash, meta.deps)).collect();
        let mut set_apart = Self { heads: others.iter().map(|meta| meta.hash).collect(), changes };
        for dep in set_apart.reach(others.iter().flat_map(|meta| &meta.deps)) {
            set_apart.heads.remove(&dep);
        }
        set_apart
    }

    /// Whether nothing came held out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether a document of these heads had everything that is there now but for what came held out, and nothing else.
    #[must_use]
    pub fn leaves_all_of(&self, heads: &[Hash]) -> bool {
        let is_known = |head| self.changes.contains_key(head) || self.heads.contains(head);
        !self.is_empty() && heads.iter().all(is_known) && self.heads.is_subset(&self.reach(heads))
    }

    /// The changes that did not come held out, from which these begin or on which they rest.
    fn reach<'h>(&'h self, from: impl IntoIterator<Item = &'h Hash>) -> BTreeSet<Hash> {
        let (mut reached, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut waiting: Vec<&Hash> = from.into_iter().collect();
        while let Some(hash) = waiting.pop() {
            match self.changes.get(hash) {
                Some(deps) if seen.insert(hash) => waiting.extend(deps),
                Some(_) => {}
                None => {
                    reached.insert(*hash);
                }
            }
        }
        reached
    }
}

impl Review {
    /// What the office has not accepted of the work that reps brought after the visit was given to others or closed.
    #[must_use]
    pub fn held(&self) -> Held {
        Held::of(&self.late_work, &self.late_decisions)
    }

    /// The newest decision about each operation that came late and was decided about.
    #[must_use]
    pub fn decided_late(&self) -> BTreeMap<OpId, &LateDecisionRow> {
        newest(&self.late_decisions)
    }

    /// The newest decision that changed what counts: a choice, or one about late work. Declining what did not count
    /// changes nothing.
    #[must_use]
    pub fn last_decision(&self) -> Option<DecisionId> {
        let mut accepted: BTreeSet<OpId> = BTreeSet::new();
        let about_late_work = self.late_decisions.iter().filter(|one| {
            let changed = one.ops.iter().filter(|op| match one.decision {
                LateVerdict::Accept => accepted.insert(**op),
                LateVerdict::Decline => accepted.remove(op),
            });
            changed.count() > 0
        });
        let about_late_work = about_late_work.map(|one| (one.at_ms, DecisionId(one.id.0)));
        let choices = self.choices.iter().map(|one| (one.at_ms, DecisionId(one.id.0)));
        about_late_work.chain(choices).max().map(|(_, id)| id)
    }
}

/// The newest decision about each operation; decisions stand oldest first.
fn newest(decisions: &[LateDecisionRow]) -> BTreeMap<OpId, &LateDecisionRow> {
    decisions.iter().flat_map(|decision| decision.ops.iter().map(move |op| (*op, decision))).collect()
}
