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
use crate::bytes::Hash;
use crate::doc::VisitDoc;
use crate::doc::genesis::{GENESIS_OPS, genesis_actor};
use crate::doc::visit_doc::actor_of;

/// The root key of the notes, which also stands for the map of what was written there late.
pub const NOTES: &str = "notes";

/// Characters from which on a text is told by itself, wherever it stands: nobody writes so much alike twice.
const TELLING: usize = 1_000;

/// How often notes hold a text that was added to them.
///
/// As whole lines, so that a short one is not found inside another; a long one anywhere, for what is too long for one
/// change is cut inside a line. Nothing is counted twice.
fn count_text(notes: &str, text: &str) -> usize {
    let text = text.trim_matches('\n');
    let is_telling = text.chars().nth(TELLING).is_some();
    let is_whole = |at: usize| {
        let (before, from) = notes.split_at(at);
        let after = from.get(text.len()..).unwrap_or_default();
        (before.is_empty() || before.ends_with('\n')) && (after.is_empty() || after.starts_with('\n'))
    };
    let (mut times, mut end) = (0, 0);
    if text.is_empty() {
        return times;
    }
    // Wherever it may begin: a text that is none here may begin once more inside itself.
    for (at, _) in notes.char_indices() {
        if at >= end && notes[at..].starts_with(text) && (is_telling || is_whole(at)) {
            (times, end) = (times + 1, at + text.len());
        }
    }
    times
}

/// What changes added to the notes, and what of it stands for texts that are to be added: each for one of them.
///
/// By what each change added, not by the lines of the notes: two that began them at once stand on one line.
#[derive(Debug)]
pub struct NotesAdded {
    added: Vec<(Hash, String)>,
    taken: BTreeMap<String, usize>,
}

impl NotesAdded {
    /// What these changes added.
    #[must_use]
    pub const fn new(added: Vec<(Hash, String)>) -> Self {
        Self { added, taken: BTreeMap::new() }
    }

    /// Whether a text was added by a change that its writer had not seen, more often than it was asked for; what he had
    /// seen when he wrote it is another one.
    pub fn takes(&mut self, text: &str, seen: &BTreeSet<Hash>) -> bool {
        let unseen = self.added.iter().filter(|(by, _)| !seen.contains(by));
        let there: usize = unseen.map(|(_, added)| count_text(added, text)).sum();
        let taken = self.taken.entry(text.to_owned()).or_default();
        let takes = there > *taken;
        *taken += usize::from(takes);
        takes
    }

    /// Whether any of the changes added a text, seen or not.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        self.added.iter().any(|(_, added)| count_text(added, text) > 0)
    }
}

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
            let did = text.apply(*first, &edits, !held.holds(*first));
            late.extend(held.came_held_out(*first).then_some(did));
        }
        text.sort();
        // Two documents of equal heads may hold their changes in different orders.
        late.sort_unstable_by_key(|did| did.first);
        let records = late.into_iter().map(|did| {
            let value = json!({"added": did.added, "removed": text.removed(&did)});
            HeldRecord { map: NOTES.to_owned(), record: Entry { key: NOTES.to_owned(), op: did.first, value } }
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

/// A text as a tree: each element hangs below the one it was put behind. Flat, for a text may have very many.
#[derive(Default)]
struct Text {
    /// What an element was put behind, if it is not the beginning, and the element.
    places: Vec<(Option<OpId>, OpId)>,
    /// What was put in an element, at first or in place of it.
    puts: Vec<Put>,
    /// Operations that were replaced or deleted, or do not count.
    gone: Vec<OpId>,
}

struct Put {
    element: OpId,
    op: OpId,
    value: Box<str>,
}

/// What a change did to the text.
struct Did {
    first: OpId,
    added: String,
    /// What it replaced or deleted, with the element.
    removed: Vec<(OpId, OpId)>,
}

impl Text {
    /// Takes the operations of one change; of one that does not count only the places it made, for others to stand on.
    fn apply(&mut self, first: OpId, edits: &[(OpId, Op)], counts: bool) -> Did {
        let mut did = Did { first, added: String::new(), removed: Vec::new() };
        for (op, edit) in edits {
            let Key::Seq(at) = &edit.key else { continue };
            let at = match at {
                ElementId::Head => None,
                ElementId::Id(id) => id_of(id),
            };
            if edit.insert {
                self.places.push((at, *op));
            }
            let Some(element) = (if edit.insert { Some(*op) } else { at }) else { continue };
            let replaced = edit.pred.iter().filter_map(id_of);
            did.removed.extend(replaced.map(|pred| (element, pred)));
            if let OpType::Put(ScalarValue::Str(value)) = &edit.action {
                did.added.push_str(value);
                self.puts.push(Put { element, op: *op, value: value.as_str().into() });
                self.gone.extend((!counts).then_some(*op));
            }
        }
        if counts {
            self.gone.extend(did.removed.iter().map(|(_, pred)| *pred));
        }
        did
    }

    /// Puts everything in order, to be read.
    fn sort(&mut self) {
        self.places.sort_unstable();
        self.puts.sort_unstable_by_key(|put| (put.element, put.op));
        self.gone.sort_unstable();
    }

    /// What stands there, from the beginning.
    fn read(&self) -> String {
        let mut text = String::new();
        // A stack, for each character usually hangs below the one before it. The last one is the next: the newest.
        let mut open: Vec<OpId> = self.behind(None).collect();
        while let Some(element) = open.pop() {
            let shown = self.puts_in(element).iter().rfind(|put| self.gone.binary_search(&put.op).is_err());
            text.extend(shown.map(|put| &*put.value));
            open.extend(self.behind(Some(element)));
        }
        text
    }

    /// What a change took away, as it read.
    fn removed(&self, did: &Did) -> String {
        let value = |(element, op): &(OpId, OpId)| self.puts_in(*element).iter().find(|put| put.op == *op);
        did.removed.iter().filter_map(value).map(|put| &*put.value).collect()
    }

    fn behind(&self, element: Option<OpId>) -> impl Iterator<Item = OpId> {
        let from = self.places.partition_point(|(at, _)| *at < element);
        self.places.iter().skip(from).take_while(move |(at, _)| *at == element).map(|(_, op)| *op)
    }

    fn puts_in(&self, element: OpId) -> &[Put] {
        let from = self.puts.partition_point(|put| put.element < element);
        let to = self.puts.partition_point(|put| put.element <= element);
        self.puts.get(from..to).unwrap_or_default()
    }
}

fn id_of(id: &automerge::legacy::OpId) -> Option<OpId> {
    Some(OpId { counter: id.counter(), actor: actor_of(id.actor())? })
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

    #[test]
    fn a_text_stands_in_the_notes_as_whole_lines_or_is_long_and_each_time_counts() {
        for notes in ["走廊", "走廊\n电井", "电井\n走廊", "a\n走廊\nb"] {
            assert_eq!((count_text(notes, "走廊"), count_text(notes, "\n走廊\n")), (1, 1), "{notes}");
        }
        for (notes, text, times) in [
            ("走廊弱电井", "走廊", 0),
            ("弱电井走廊", "走廊", 0),
            ("走廊", "", 0),
            ("", "走廊", 0),
            ("a b", "a\nb", 0),
            ("走廊弱电井\n走廊", "走廊", 1),
            ("走廊\n走廊\n电井\n走廊", "走廊", 3),
            ("x甲\n甲\n甲", "甲\n甲", 1),
            ("甲\n甲\n甲", "甲\n甲", 1),
        ] {
            assert_eq!(count_text(notes, text), times, "{text} in {notes}");
        }
        let long = "长".repeat(TELLING + 1);
        assert_eq!(count_text(&format!("x{long}y{long}"), &long), 2, "a part of a text that was cut");
        let short = "长".repeat(TELLING);
        assert_eq!(count_text(&format!("x{short}y"), &short), 0);
    }

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
