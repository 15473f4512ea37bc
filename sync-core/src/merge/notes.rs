//! The notes as they read without what came held out.
//!
//! Automerge gives a text as it is or as it was, never without some of its changes, so the order of its characters is
//! found here anew: after the one each was put behind, the newest first (as in Automerge, whose text the tests compare).

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpType};
use automerge::{Change, ScalarValue};
use serde_json::json;

use super::held::{Held, HeldRecord};
use super::view::{Entry, OpId};
use crate::doc::VisitDoc;
use crate::doc::genesis::{GENESIS_OPS, genesis_actor};
use crate::doc::visit_doc::actor_of;

/// The root key of the notes, which also stands for the map of what was written there late.
pub const NOTES: &str = "notes";

/// The notes without what is held out, and what each change that came held out did to them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct NotesWithout {
    pub text: String,
    /// What is held out; a change's first operation on the notes stands for all of them.
    pub held: Vec<HeldRecord>,
    /// What came held out and counts since it was accepted.
    pub released: Vec<HeldRecord>,
}

impl NotesWithout {
    /// Reads the history of a document; only to be called where something came held out.
    pub(super) fn of(doc: &VisitDoc, held: &Held) -> Self {
        let mut text = Text::default();
        let mut late = Vec::new();
        for change in doc.automerge().get_changes(&[]) {
            let edits = edits_of(doc, &change);
            let Some((first, _)) = edits.first() else { continue };
            let did = text.apply(&edits, !held.holds(*first));
            if held.came_held_out(*first) {
                late.push((*first, did));
            }
        }
        // Two documents of equal heads may hold their changes in different orders.
        late.sort_unstable_by_key(|(op, _)| *op);
        let records = late.into_iter().map(|(op, (added, removed))| HeldRecord {
            map: NOTES.to_owned(),
            record: Entry { key: NOTES.to_owned(), op, value: json!({"added": added, "removed": removed}) },
        });
        let (held, released) = records.partition(|one| held.holds(one.record.op));
        Self { text: text.read(), held, released }
    }
}

/// The operations of a change on the notes, with their ids.
fn edits_of(doc: &VisitDoc, change: &Change) -> Vec<(OpId, Op)> {
    let Some(actor) = actor_of(change.actor_id()) else { return Vec::new() };
    let genesis = genesis_actor(doc.visit());
    let is_notes = |operation: &Op| match &operation.obj {
        ObjectId::Id(object) => object.counter() == GENESIS_OPS && actor_of(object.actor()) == Some(genesis),
        ObjectId::Root => false,
    };
    let numbered = (change.start_op().get()..).zip(change.decode().operations);
    numbered.filter(|(_, one)| is_notes(one)).map(|(counter, one)| (OpId { counter, actor }, one)).collect()
}

/// A text as a tree: each element hangs below the one it was put behind.
#[derive(Default)]
struct Text {
    elements: BTreeMap<OpId, Element>,
    /// What was put at the beginning.
    first: BTreeSet<OpId>,
}

#[derive(Default)]
struct Element {
    behind: BTreeSet<OpId>,
    /// What was put here, also later in place of it.
    values: BTreeMap<OpId, String>,
    /// Those values that were replaced or deleted.
    gone: BTreeSet<OpId>,
}

impl Element {
    fn shown(&self) -> Option<&str> {
        self.values.iter().rfind(|(op, _)| !self.gone.contains(op)).map(|(_, value)| value.as_str())
    }
}

impl Text {
    /// Takes the operations of one change; of one that does not count only the places it made, for others to stand on.
    ///
    /// Gives what the change added and what it took away, from what its writer saw.
    fn apply(&mut self, edits: &[(OpId, Op)], counts: bool) -> (String, String) {
        let (mut added, mut removed) = (String::new(), String::new());
        for (op, edit) in edits {
            let Key::Seq(at) = &edit.key else { continue };
            let at = match at {
                ElementId::Head => None,
                ElementId::Id(id) => actor_of(id.actor()).map(|actor| OpId { counter: id.counter(), actor }),
            };
            let target = if edit.insert {
                at.map_or(Some(&mut self.first), |at| self.elements.get_mut(&at).map(|one| &mut one.behind))
                    .map(|behind| behind.insert(*op));
                Some(*op)
            } else {
                at
            };
            let Some(element) = target.map(|target| self.elements.entry(target).or_default()) else { continue };
            for pred in edit.pred.iter() {
                let Some(actor) = actor_of(pred.actor()) else { continue };
                let pred = OpId { counter: pred.counter(), actor };
                removed.extend(element.values.get(&pred).map(String::as_str));
                if counts {
                    element.gone.insert(pred);
                }
            }
            if let OpType::Put(ScalarValue::Str(value)) = &edit.action {
                added.push_str(value);
                element.values.insert(*op, value.to_string());
                if !counts {
                    element.gone.insert(*op);
                }
            }
        }
        (added, removed)
    }

    /// What stands there, from the beginning.
    fn read(&self) -> String {
        let mut text = String::new();
        // A stack, for each character usually hangs below the one before it. The last one is the next: the newest.
        let mut open: Vec<&OpId> = self.first.iter().collect();
        while let Some(element) = open.pop().and_then(|op| self.elements.get(op)) {
            text.extend(element.shown());
            open.extend(&element.behind);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bytes::Actor;
    use crate::ids::{DeviceId, UserId, VisitId};
    use crate::merge::view_without;
    use crate::plan::{LateReason, LateWorkRow, OpSpan};
    use crate::time::UnixMillis;

    const VISIT: VisitId = VisitId::from_bytes([7; 16]);
    /// Who writes late.
    const LATE: Actor = Actor([0x33; 16]);

    fn actor(writer: usize) -> Actor {
        if writer == 0 { LATE } else { Actor([u8::try_from(writer * 50).unwrap(); 16]) }
    }

    /// Everything the late writer writes.
    fn late() -> Held {
        let changes = vec![OpSpan { actor: LATE, first: 1, last: u64::MAX }];
        let (visit_id, by, device_id) = (VISIT, UserId::from_bytes([2; 16]), DeviceId::from_bytes([3; 16]));
        let row =
            LateWorkRow { visit_id, seq: 1, reason: LateReason::Closed, by, device_id, changes, at_ms: UnixMillis(1) };
        Held::of(&[row], &[])
    }

    fn writes(doc: &mut VisitDoc, actor: Actor, text: &str) {
        doc.edit(actor, |edit| edit.set_notes(text)).unwrap();
    }

    fn merge(into: &mut VisitDoc, from: &VisitDoc) {
        into.apply_trusted(&[from.save()], &from.heads()).unwrap();
    }

    #[test]
    fn late_text_stands_apart_and_what_was_deleted_late_is_still_there() {
        let (crew, late_one) = (Actor([1; 16]), LATE);
        let mut doc = VisitDoc::create(VISIT).unwrap();
        writes(&mut doc, crew, "光猫已装好");
        writes(&mut doc, late_one, "重做");
        // The crew goes on below what came late, and in the middle of it.
        writes(&mut doc, crew, "重（二）做\n已签字");
        let view = view_without(&doc, &late());
        assert_eq!(view.notes, "（二）\n已签字光猫已装好");
        let [held] = view.held.as_slice() else { panic!("{:?}", view.held) };
        assert_eq!(held.record.value, json!({"added": "重做", "removed": "光猫已装好"}));
        assert_eq!(view.released_notes, []);
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_automerge_and_late_work_changes_nothing(
            edits in prop::collection::vec((0..4_usize, 0..4_usize, 0..12_usize, 0..4_usize, "[a-z]{0,4}"), 1..24),
        ) {
            // With and without the late writer; the others never see him, so theirs must read the same.
            let mut docs = vec![VisitDoc::create(VISIT).unwrap(); 4];
            for (writer, other, at, removed, text) in &edits {
                let (writer, other) = (*writer, *other);
                let mut doc = docs[writer].clone();
                if writer == 0 || other != 0 {
                    let from = docs[other].clone();
                    merge(&mut doc, &from);
                }
                let mut letters: Vec<char> = crate::merge::view(&doc).notes.chars().collect();
                let at = (*at).min(letters.len());
                let end = (at + removed).min(letters.len());
                letters.splice(at..end, text.chars());
                writes(&mut doc, actor(writer), &letters.into_iter().collect::<String>());
                docs[writer] = doc;
            }
            let mut others = VisitDoc::create(VISIT).unwrap();
            docs[1..].iter().for_each(|doc| merge(&mut others, doc));
            let mut all = others.clone();
            merge(&mut all, &docs[0]);
            prop_assert_eq!(NotesWithout::of(&all, &Held::default()).text, crate::merge::view(&all).notes);
            prop_assert_eq!(view_without(&all, &late()).notes, crate::merge::view(&others).notes);
        }
    }
}
