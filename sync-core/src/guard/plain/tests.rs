//! What the judge of plain documents accepts, the judge of single changes accepts too, and with the same result.

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{ActorId, ObjType, ROOT, ScalarValue};
use serde_json::json;

use super::super::admit::admit_changes;
use super::*;
use crate::doc::visit_doc::map_object;
use crate::ids::{UserId, VisitId};

const VISIT: VisitId = VisitId::from_bytes([0x42; 16]);
const BY: UserId = UserId::from_bytes([7; 16]);
const ME: Actor = Actor([0x11; 16]);

fn push<'a>(chunks: &'a [Vec<u8>], may_use_actor: &'a dyn Fn(&Actor) -> bool) -> Push<'a> {
    Push { visit: VISIT, by: BY, chunks, stored: None, may_use_actor, limits: &Limits::DEFAULT }
}

/// Whether the document is accepted as plain; if so, change by change as well and alike.
#[track_caller]
fn is_plain(bytes: Vec<u8>) -> bool {
    let chunks = [bytes];
    let push = push(&chunks, &|_| true);
    let Some(plain) = accept(&push, &Limits::DEFAULT) else { return false };
    let slow = admit_changes(push, &Limits::DEFAULT).expect("judged");
    assert!(slow.refused.is_none() && slow.missing.is_empty() && slow.duplicates == 0);
    let slow = slow.accepted.expect("accepted");
    assert_eq!((plain.heads, plain.index, plain.changes), (slow.heads, slow.index, slow.changes));
    assert_eq!((plain.snapshot, plain.chunks), (slow.snapshot, slow.chunks));
    true
}

/// A visit with records of every kind, keys written again, and notes with deletions.
fn honest(steps: u8) -> VisitDoc {
    let mut doc = VisitDoc::create(VISIT).expect("a document");
    let by = BY.to_string();
    for step in 0..steps {
        let edit = doc.edit(ME, |edit| match step % 4 {
            0 => edit.put(Map::Ticks, &format!("step/{}", step % 3), &json!({"done": true, "n": step, "by": by})),
            1 => edit.put(Map::Photos, &format!("p{step}"), &json!({"slot": "s", "by": by})),
            2 => edit.set_notes(&format!("第{step}次 visit {}", step / 2)),
            _ => {
                edit.put(Map::Answers, "q", &json!({"value": step}))?;
                edit.put(Map::Measures, &format!("m{step}"), &json!({"code": "c"}))
            }
        });
        edit.expect("an edit");
    }
    doc
}

#[test]
fn what_one_phone_wrote_is_plain() {
    for steps in 1..40 {
        assert!(is_plain(honest(steps).save()), "{steps} steps");
    }
}

#[test]
fn what_two_phones_wrote_is_left_to_the_other_judge() {
    let mut doc = honest(4);
    doc.edit(Actor([0x22; 16]), |edit| edit.put(Map::Ticks, "other", &json!({"done": true}))).expect("an edit");
    assert!(!is_plain(doc.save()));
    assert!(!is_plain(VisitDoc::create(VISIT).expect("a document").save()), "nothing but genesis");
}

#[test]
fn who_may_not_write_is_not_accepted() {
    let chunks = [honest(3).save()];
    assert!(accept(&push(&chunks, &|actor| *actor != ME), &Limits::DEFAULT).is_none());
    let other = Push { by: UserId::from_bytes([8; 16]), ..push(&chunks, &|_| true) };
    assert!(accept(&other, &Limits::DEFAULT).is_none(), "records by somebody else");
    let elsewhere = Push { visit: VisitId::from_bytes([0x43; 16]), ..push(&chunks, &|_| true) };
    assert!(accept(&elsewhere, &Limits::DEFAULT).is_none(), "the document of another visit");
}

/// Writes with Automerge itself what the product's own editing does not allow.
fn misdeed(write: impl FnOnce(&mut automerge::transaction::Transaction<'_>)) -> Vec<u8> {
    misdeed_with(CommitOptions::default().with_time(0), write)
}

fn misdeed_with(options: CommitOptions, write: impl FnOnce(&mut automerge::transaction::Transaction<'_>)) -> Vec<u8> {
    let mut doc = honest(9).automerge().clone();
    doc.set_actor(ActorId::from(ME.0));
    let mut transaction = doc.transaction();
    write(&mut transaction);
    transaction.commit_with(options);
    doc.save_nocompress()
}

#[test]
fn no_misdeed_is_plain() {
    let (photos, ticks) = (map_object(VISIT, Map::Photos), map_object(VISIT, Map::Ticks));
    let notes = notes_object(VISIT);
    let misdeeds: Vec<(&str, Vec<u8>)> = vec![
        ("a key of the root", misdeed(|doc| doc.put(ROOT, "x", "{}").unwrap())),
        ("a map replaced", misdeed(|doc| drop(doc.put_object(ROOT, "ticks", ObjType::Map).unwrap()))),
        ("the notes deleted", misdeed(|doc| doc.delete(ROOT, "notes").unwrap())),
        ("an object in a map", misdeed(|doc| drop(doc.put_object(&photos, "x", ObjType::Map).unwrap()))),
        ("a number", misdeed(|doc| doc.put(&ticks, "x", 1_i64).unwrap())),
        ("bytes", misdeed(|doc| doc.put(&ticks, "x", ScalarValue::Bytes(vec![1])).unwrap())),
        ("a counter", misdeed(|doc| doc.put(&ticks, "x", ScalarValue::counter(1)).unwrap())),
        ("a record deleted", misdeed(|doc| doc.delete(&ticks, "step/0").unwrap())),
        ("a photo deleted", misdeed(|doc| doc.delete(&photos, "p1").unwrap())),
        ("a photo written again", misdeed(|doc| doc.put(&photos, "p1", "{}").unwrap())),
        ("another's record", misdeed(|doc| doc.put(&ticks, "x", "{\"by\":\"me\"}").unwrap())),
        ("a key twice", misdeed(|doc| doc.put(&ticks, "x", "{\"a\":1,\"a\":2}").unwrap())),
        ("an empty key", misdeed(|doc| doc.put(&ticks, "", "{}").unwrap())),
        ("a long key", misdeed(|doc| doc.put(&ticks, "k".repeat(257), "{}").unwrap())),
        ("a long record", misdeed(|doc| doc.put(&ticks, "x", "x".repeat(16_385)).unwrap())),
        ("an object in the notes", misdeed(|doc| drop(doc.insert_object(&notes, 0, ObjType::Map).unwrap()))),
        ("a number in the notes", misdeed(|doc| doc.insert(&notes, 0, 1_i64).unwrap())),
        ("long notes", misdeed(|doc| doc.splice_text(&notes, 0, 0, &"字".repeat(20_001)).unwrap())),
        (
            "a time before 1970",
            misdeed_with(CommitOptions::default().with_time(-1), |doc| doc.put(&ticks, "x", "{}").unwrap()),
        ),
        (
            "a message",
            misdeed_with(CommitOptions::default().with_message("x"), |doc| doc.put(&ticks, "x", "{}").unwrap()),
        ),
    ];
    for (what, bytes) in misdeeds {
        assert!(!is_plain(bytes), "{what}");
    }
    assert!(is_plain(misdeed(|doc| doc.put(&ticks, "x", "{}").unwrap())), "an honest deed");
    assert!(is_plain(misdeed(|doc| doc.put(&ticks, "step/0", "{}").unwrap())), "a tick written again");
}

/// Bytes that Automerge would not write are never plain, whatever they say.
#[test]
fn damaged_documents_are_never_plain() {
    let honest = honest(12).save();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..3_000 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let mut bytes = honest.clone();
        let at = usize::try_from(seed).unwrap_or(0) % (bytes.len() - 12) + 12;
        bytes[at] = bytes[at].wrapping_add(u8::try_from(seed >> 56).unwrap_or(0) | 1);
        let hash = Hash::of(&bytes[8..]);
        bytes[4..8].copy_from_slice(&hash.0[..4]);
        assert!(!is_plain(bytes), "byte {at}");
    }
}

mod permuted {
    //! Documents whose operations stand in another order: every hash and every head is the same, and so is what the
    //! server keeps.

    use super::super::super::admit;
    use super::super::super::columns::{Booleans, ColumnType, texts};
    use super::super::super::rows::{
        ACTION, INSERT, KEY_ACTOR, KEY_COUNTER, KEY_TEXT, OBJECT_ACTOR, OBJECT_COUNTER, VALUE, VALUE_META,
    };
    use super::*;
    use crate::doc::genesis::{DOCUMENT_CHUNK, seal_chunk, write_uleb};

    /// A value as its column spells it, or none.
    type Cell = Option<Vec<u8>>;

    fn uleb(value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        write_uleb(&mut out, usize::try_from(value).expect("a small number"));
        out
    }

    fn sleb(mut value: i64) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            let byte = u8::try_from(value & 0x7f).expect("seven bits");
            value >>= 7;
            let is_last = (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0);
            out.push(if is_last { byte } else { byte | 0x80 });
            if is_last {
                return out;
            }
        }
    }

    /// Runs of equal values and of nothing, and literals, as Automerge writes them.
    fn runs(cells: &[Cell]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut literal: Vec<&Vec<u8>> = Vec::new();
        let flush = |literal: &mut Vec<&Vec<u8>>, out: &mut Vec<u8>| {
            if !literal.is_empty() {
                out.extend(sleb(-i64::try_from(literal.len()).expect("few")));
                literal.drain(..).for_each(|value| out.extend(value));
            }
        };
        if cells.iter().all(Option::is_none) {
            return out;
        }
        for run in cells.chunk_by(|one, other| one == other) {
            match &run[0] {
                Some(value) if run.len() == 1 => literal.push(value),
                Some(value) => {
                    flush(&mut literal, &mut out);
                    out.extend(sleb(i64::try_from(run.len()).expect("few")));
                    out.extend(value);
                }
                None => {
                    flush(&mut literal, &mut out);
                    out.push(0);
                    out.extend(uleb(u64::try_from(run.len()).expect("few")));
                }
            }
        }
        flush(&mut literal, &mut out);
        out
    }

    fn deltas(values: &[Option<u64>]) -> Vec<u8> {
        let mut last = 0;
        let mut differences = Vec::new();
        for value in values {
            differences.push(value.map(|value| {
                let value = i64::try_from(value).expect("a counter");
                sleb(value - std::mem::replace(&mut last, value))
            }));
        }
        runs(&differences)
    }

    fn booleans(values: &[bool]) -> Vec<u8> {
        let mut out = if values.first() == Some(&true) { vec![0] } else { Vec::new() };
        values
            .chunk_by(|one, other| one == other)
            .for_each(|run| out.extend(uleb(u64::try_from(run.len()).expect("few"))));
        if values.iter().any(|value| *value) { out } else { Vec::new() }
    }

    /// One operation with everything its columns say of it.
    #[derive(Clone)]
    struct Line {
        numbers: [Option<u64>; 6],
        key_counter: Option<u64>,
        id_counter: Option<u64>,
        key_text: Option<String>,
        inserts: bool,
        value: Vec<u8>,
        successors: Vec<(u64, u64)>,
    }

    fn lines(columns: &[Column<'_>]) -> Vec<Line> {
        let data = |specification| column(columns, specification);
        let mut actions = numbers(data(ACTION));
        let mut of =
            [OBJECT_ACTOR, OBJECT_COUNTER, KEY_ACTOR, ID_ACTOR, VALUE_META].map(|column| numbers(data(column)));
        let (mut key_counter, mut id_counter) = (Delta::new(data(KEY_COUNTER)), Delta::new(data(ID_COUNTER)));
        let (mut key_text, mut insert) = (texts(data(KEY_TEXT)), Booleans::new(data(INSERT)));
        let mut value = Reader::new(data(VALUE));
        let mut counts = numbers(data(SUCCESSOR_COUNT));
        let (mut by, mut counter) = (numbers(data(SUCCESSOR_ACTOR)), Delta::new(data(SUCCESSOR_COUNTER)));
        let mut lines = Vec::new();
        while !actions.is_done() {
            let [a, b, c, d, meta] = of.each_mut().map(|column| column.next().expect("a number"));
            let count = counts.next().expect("a number").unwrap_or(0);
            let successor = |_| (by.next().expect("one").expect("one"), counter.next().expect("one").expect("one"));
            lines.push(Line {
                numbers: [a, b, c, d, actions.next().expect("an action"), meta],
                key_counter: key_counter.next().expect("a number"),
                id_counter: id_counter.next().expect("a number"),
                key_text: key_text.next().expect("a text").map(str::to_owned),
                inserts: insert.next().expect("a boolean").unwrap_or(false),
                value: value.take(meta.unwrap_or(0) >> 4).expect("a value").to_vec(),
                successors: (0..count).map(successor).collect(),
            });
        }
        lines
    }

    /// The document chunk with its operations in this order.
    fn with_lines(bytes: &[u8], order: impl FnOnce(&mut Vec<Line>)) -> Vec<u8> {
        let Ok(Chunk::Document { body }) = read_chunk(bytes, &Limits::DEFAULT) else { panic!("a document") };
        let mut reader = Reader::new(body);
        let code = RefusalCode::DocumentLimit;
        counted(&mut reader, 100, code, Reader::actor).expect("actors");
        counted(&mut reader, 100, code, Reader::hash).expect("heads");
        let head = &body[..body.len() - reader.rest().len()];
        let [changes, operations] = read_columns::<2>(&mut reader).expect("columns");
        let tail = reader.rest();
        let mut lines = lines(&operations);
        order(&mut lines);
        let number = |at: usize| runs(&lines.iter().map(|line| line.numbers[at].map(uleb)).collect::<Vec<_>>());
        let text = |text: &Option<String>| {
            text.as_ref()
                .map(|text| [uleb(u64::try_from(text.len()).expect("short")), text.clone().into_bytes()].concat())
        };
        let successors: Vec<(u64, u64)> = lines.iter().flat_map(|line| line.successors.clone()).collect();
        let count = |line: &Line| Some(uleb(u64::try_from(line.successors.len()).expect("few")));
        let rewritten = [
            (OBJECT_ACTOR, number(0)),
            (OBJECT_COUNTER, number(1)),
            (KEY_ACTOR, number(2)),
            (KEY_COUNTER, deltas(&lines.iter().map(|line| line.key_counter).collect::<Vec<_>>())),
            (KEY_TEXT, runs(&lines.iter().map(|line| text(&line.key_text)).collect::<Vec<_>>())),
            (ID_ACTOR, number(3)),
            (ID_COUNTER, deltas(&lines.iter().map(|line| line.id_counter).collect::<Vec<_>>())),
            (INSERT, booleans(&lines.iter().map(|line| line.inserts).collect::<Vec<_>>())),
            (ACTION, number(4)),
            (VALUE_META, number(5)),
            (VALUE, lines.iter().flat_map(|line| line.value.clone()).collect()),
            (SUCCESSOR_COUNT, runs(&lines.iter().map(count).collect::<Vec<_>>())),
            (SUCCESSOR_ACTOR, runs(&successors.iter().map(|(by, _)| Some(uleb(*by))).collect::<Vec<_>>())),
            (SUCCESSOR_COUNTER, deltas(&successors.iter().map(|(_, counter)| Some(*counter)).collect::<Vec<_>>())),
        ];
        let mut out = head.to_vec();
        let table = |out: &mut Vec<u8>, columns: &[(u64, Vec<u8>)]| {
            out.extend(uleb(u64::try_from(columns.len()).expect("few")));
            for (specification, data) in columns {
                out.extend(uleb(*specification));
                out.extend(uleb(u64::try_from(data.len()).expect("short")));
            }
        };
        let changes: Vec<(u64, Vec<u8>)> =
            changes.iter().map(|column| (column.specification, column.data.to_vec())).collect();
        let kept = |specification: u64| operations.iter().any(|column| column.specification == specification);
        let operations_now: Vec<(u64, Vec<u8>)> = rewritten.into_iter().filter(|(name, _)| kept(*name)).collect();
        assert_eq!(operations_now.len(), operations.len(), "every column is known here");
        assert!(
            operations
                .iter()
                .all(|column| column.column_type() != ColumnType::Boolean || column.specification == INSERT)
        );
        table(&mut out, &changes);
        table(&mut out, &operations_now);
        changes.iter().chain(&operations_now).for_each(|(_, data)| out.extend(data));
        out.extend(tail);
        seal_chunk(DOCUMENT_CHUNK, &out).1
    }

    #[test]
    fn operations_in_their_own_order_are_the_document() {
        for steps in 3..30 {
            let bytes = honest(steps).save();
            assert_eq!(with_lines(&bytes, |_| ()), bytes, "{steps} steps");
        }
    }

    /// Moving one operation anywhere: never plain, and what is kept is what the changes make.
    #[test]
    fn operations_in_another_order_leave_no_trace() {
        let honest = honest(14).save();
        let mut count = 0;
        with_lines(&honest, |lines| count = lines.len());
        let mut loaded = 0;
        for from in 0..count {
            for to in (0..count).filter(|to| *to != from) {
                let bytes = with_lines(&honest, |lines| {
                    let line = lines.remove(from);
                    lines.insert(to, line);
                });
                let chunks = [bytes];
                let push = push(&chunks, &|_| true);
                assert!(accept(&push, &Limits::DEFAULT).is_none(), "operation {from} at {to}");
                if (from + to) % 7 > 0 {
                    continue;
                }
                let admission = admit(push).expect("judged");
                if let Some(accepted) = admission.accepted {
                    loaded += 1;
                    assert_eq!(accepted.snapshot, honest, "operation {from} at {to}");
                    assert!(accepted.chunks != chunks, "the bytes that came are not kept as a document");
                }
            }
        }
        assert!(loaded > 20, "Automerge takes {loaded} of these");
    }

    /// What overwrites an element of the notes is of that element.
    #[test]
    fn successors_that_stand_elsewhere_are_never_plain() {
        let honest = honest(14).save();
        let mut lines_of = Vec::new();
        with_lines(&honest, |lines| lines_of.clone_from(lines));
        let notes = |line: &Line| line.numbers[1] == Some(GENESIS_OPS);
        let elements: Vec<usize> = (0..lines_of.len()).filter(|at| notes(&lines_of[*at])).collect();
        for at in &elements {
            for line in &lines_of {
                let (Some(by), Some(counter)) = (line.numbers[3], line.id_counter) else { continue };
                let bytes = with_lines(&honest, |lines| {
                    lines[*at].successors.push((by, counter));
                    lines[*at].successors.sort_unstable();
                });
                assert!(!is_plain(bytes), "element {at}, successor {counter}");
            }
        }
    }
}
