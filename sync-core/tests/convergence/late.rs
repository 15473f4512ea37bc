//! Late work: what reps wrote after they had lost the visit or it was closed, and what the office says of it.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::bytes::Actor;
use sync_core::doc::{ChangeMeta, VisitDoc};
use sync_core::ids::{DeviceId, LateDecisionId, UserId};
use sync_core::merge::held::HeldRecord;
use sync_core::merge::view::{Entry, OpId};
use sync_core::merge::{Held, View};
use sync_core::plan::{LateDecisionRow, LateReason, LateVerdict, LateWorkRow, OpSpan};
use sync_core::time::UnixMillis;

use super::history::{BY, Dice, VISIT};

/// Who came late, with how many of his changes before that, and why.
#[derive(Default)]
pub struct Lost(Vec<(Actor, u64, LateReason)>);

impl Lost {
    /// In one of four histories one writer or two come late from some change of theirs on; others may know of it and go on
    /// from there.
    pub fn drawn(dice: &mut Dice, docs: &[VisitDoc], actors: &[Actor]) -> Self {
        if !dice.once_in(4) {
            return Self::default();
        }
        let mut lost = Vec::new();
        let mut writers: Vec<_> = docs.iter().zip(actors).collect();
        dice.shuffle(&mut writers);
        for (doc, actor) in writers.into_iter().take(1 + dice.below(2)) {
            let own = doc.change_metas().iter().filter(|meta| meta.actor == *actor).count();
            if own > 0 {
                let in_time = u64::try_from(dice.below(own)).unwrap();
                lost.push((*actor, in_time, [LateReason::Reassigned, LateReason::Closed][dice.below(2)]));
            }
        }
        Self(lost)
    }

    /// Adds what a push brought late: of each late writer a row, with the changes that were new to the server.
    pub fn note(&self, brought: &[ChangeMeta], rows: &mut Vec<LateWorkRow>) {
        for (actor, in_time, reason) in &self.0 {
            let late = brought.iter().filter(|meta| meta.actor == *actor && meta.seq > *in_time);
            let changes: Vec<OpSpan> =
                late.map(|meta| OpSpan { actor: meta.actor, first: meta.start_op, last: meta.max_op }).collect();
            if !changes.is_empty() {
                rows.push(LateWorkRow {
                    visit_id: VISIT,
                    seq: i64::try_from(rows.len()).unwrap() + 1,
                    reason: *reason,
                    by: BY.parse().unwrap(),
                    device_id: DeviceId::from_bytes([3; 16]),
                    changes,
                    at_ms: UnixMillis(1),
                });
            }
        }
    }
}

/// None to three decisions, each about some of what is held out; a later one may take back what an earlier one said.
pub fn decisions(dice: &mut Dice, held: &[HeldRecord]) -> Vec<LateDecisionRow> {
    let mut made = Vec::new();
    for number in 1..=u8::try_from(dice.below(4)).unwrap() {
        made.push(LateDecisionRow {
            id: LateDecisionId::from_bytes([number; 16]),
            visit_id: VISIT,
            ops: held.iter().map(|held| held.record.op).filter(|_| !dice.once_in(3)).collect(),
            decision: if dice.once_in(3) { LateVerdict::Decline } else { LateVerdict::Accept },
            by: UserId::from_bytes([9; 16]),
            reason: "because".to_owned(),
            at_ms: UnixMillis(i64::from(number)),
        });
    }
    made
}

/// What is held out stands apart, once, and nowhere else; of what a view of all of the document shows nothing is lost.
pub fn stands_apart(all: &View, view: &View, held: &Held) {
    let apart: BTreeSet<OpId> = view.held.iter().map(|one| one.record.op).collect();
    assert_eq!(apart.len(), view.held.len());
    assert!(apart.iter().all(|op| held.holds(*op)));
    let (counts, candidates) = (records(view), candidates(view));
    let rewritten = view.rewritten.iter().flat_map(|one| &one.writes).map(|write| write.op);
    let mut in_sight = counts.iter().copied().chain(candidates).chain(rewritten);
    assert!(!in_sight.any(|op| held.holds(op)), "nothing of it counts");
    for op in records(all) {
        let stands_in = if held.holds(op) { &apart } else { &counts };
        assert!(stands_in.contains(&op), "{op:?} is in sight");
    }
    // Of the others one may say the same as what counts now, and is no candidate any more.
    let mut held_candidates = self::candidates(all).filter(|op| held.holds(*op));
    assert!(held_candidates.all(|op| apart.contains(&op)), "what loses stands apart, too");
}

/// What competes in a view.
fn candidates(view: &View) -> impl Iterator<Item = OpId> {
    view.conflicts.iter().flat_map(|conflict| &conflict.candidates).map(|entry| entry.op)
}

/// The records that a view shows as counting.
fn records(view: &View) -> BTreeSet<OpId> {
    fn listed<T>(entries: &[Entry<T>]) -> Vec<OpId> {
        entries.iter().map(|entry| entry.op).collect()
    }
    fn keyed<T>(entries: &BTreeMap<String, Entry<T>>) -> Vec<OpId> {
        entries.values().map(|entry| entry.op).collect()
    }
    let mut all = [listed(&view.pins), listed(&view.timeline), listed(&view.contacts), keyed(&view.ticks)].concat();
    all.extend([listed(&view.measures), keyed(&view.answers), listed(&view.photos), keyed(&view.captions)].concat());
    all.extend([keyed(&view.withdrawn), listed(&view.materials), listed(&view.open_points)].concat());
    all.extend([listed(&view.corrections), keyed(&view.more), listed(&view.statements)].concat());
    all.extend(listed(&view.outcomes));
    all.into_iter().collect()
}
