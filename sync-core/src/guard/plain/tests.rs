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
