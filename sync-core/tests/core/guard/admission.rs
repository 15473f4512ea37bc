//! Pushes as a whole: first pushes, repeats, forks, partial acceptance.

use serde_json::json;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::genesis::genesis;
use sync_core::doc::{DocError, Map, VisitDoc};
use sync_core::guard::{ChangeIndex, Limits, Push, RefusalCode, Stored, admit};
use sync_core::ids::VisitId;
use sync_core::merge::view;

use super::craft::*;

#[test]
fn a_first_push_is_one_document_or_all_its_changes() {
    let doc = visit();
    let chunks = doc.changes_since(&[]).unwrap();
    let as_changes = check_accepted(first_push(&chunks).accepted.unwrap());
    let as_document = check_accepted(first_push(&[doc.save()]).accepted.unwrap());
    assert_eq!(as_changes.chunks, chunks);
    assert_eq!(as_document.chunks, [doc.save()]);
    assert_eq!((as_changes.snapshot, as_changes.index), (as_document.snapshot, as_document.index));
    assert_eq!(as_changes.changes, doc.change_metas());
    assert_eq!(view(&as_document.doc), view(&doc));
}

#[test]
fn the_same_push_again_is_a_duplicate_without_effect() {
    let doc = visit();
    let server = Server::of(&doc);
    for (chunks, count) in [(vec![doc.save()], 1), (doc.changes_since(&[]).unwrap(), 5)] {
        let admission = server.push(&chunks);
        assert_eq!(admission.duplicates, count);
        assert!(admission.accepted.is_none() && admission.refused.is_none() && admission.missing.is_empty());
    }
    // Twice within one push, also in compressed form.
    let mut change = tick(&doc, ME, &"long".repeat(40));
    let raw = change.raw_bytes().to_vec();
    let compressed = change.bytes().into_owned();
    let admission = server.push(&[raw.clone(), raw.clone(), raw]);
    assert_eq!(admission.duplicates, 2);
    let accepted = server.accepts(std::slice::from_ref(&compressed));
    assert_eq!(accepted.chunks, [compressed], "stored exactly as received");
}

#[test]
fn a_document_chunk_with_later_changes_is_one_push() {
    let mut doc = visit();
    let snapshot = doc.save();
    let heads = doc.heads();
    doc.edit(ME, |edit| edit.put(Map::Ticks, "later", &json!({"by": BY}))).unwrap();
    let later = doc.changes_since(&heads).unwrap();
    let accepted = check_accepted(first_push(&[snapshot, later[0].clone()]).accepted.unwrap());
    assert_eq!(accepted.heads, doc.heads());
    assert_eq!(accepted.chunks, doc.changes_since(&[]).unwrap());
}

#[test]
fn the_good_part_of_a_push_is_kept_and_the_rest_quarantined_together() {
    let mut doc = visit();
    let base = doc.heads();
    let server = Server::of(&doc);
    doc.edit(ME, |edit| edit.put(Map::Ticks, "good", &json!({"by": BY}))).unwrap();
    doc.edit(ME, |edit| edit.put(Map::Ticks, "bad", &json!({"by": "somebody else"}))).unwrap();
    doc.edit(ME, |edit| edit.put(Map::Ticks, "after bad", &json!({"by": BY}))).unwrap();
    let mut chunks = doc.changes_since(&base).unwrap();
    let other = tick(&visit(), OTHER, "independent").raw_bytes().to_vec();
    chunks.push(other.clone());

    let admission = server.push(&chunks);
    let accepted = check_accepted(admission.accepted.unwrap());
    assert_eq!(accepted.chunks, [chunks[0].clone(), other]);
    let refused = admission.refused.unwrap();
    assert_eq!(refused.code, RefusalCode::ByMismatch);
    assert_eq!(refused.hash, doc.change_metas()[6].hash);
    assert_eq!(refused.chunks, chunks[1..3]);

    // The same inside a first document: its good changes are accepted one by one.
    let admission = first_push(&[doc.save()]);
    assert_eq!(check_accepted(admission.accepted.unwrap()).changes.len(), 6);
    assert_eq!(admission.refused.unwrap().chunks, chunks[1..3]);
}

#[test]
fn changes_that_fail_only_on_application_are_told_apart() {
    let doc = visit();
    let server = Server::of(&doc);
    // A predecessor that does not exist: nothing in the change itself gives it away.
    let bad = altered(&tick(&doc, ME, "x"), |change| {
        let unknown = automerge::legacy::OpId::new(7, &automerge::ActorId::from(&ME.0[..]));
        change.operations[0].pred = vec![unknown].into();
    });
    let after_bad = altered(&tick(&doc, ME, "y"), |change| {
        change.deps = vec![automerge::Change::from_bytes(bad.clone()).unwrap().hash()];
        change.seq += 1;
        change.start_op = (change.start_op.get() + 1).try_into().unwrap();
    });
    let good = tick(&doc, OTHER, "z").raw_bytes().to_vec();
    let third = tick(&doc, Actor([0x33; 16]), "w").raw_bytes().to_vec();
    let admission = server.push(&[good.clone(), bad.clone(), third.clone(), after_bad.clone()]);
    assert_eq!(check_accepted(admission.accepted.unwrap()).chunks, [good, third]);
    let refused = admission.refused.unwrap();
    assert_eq!((refused.code, refused.chunks), (RefusalCode::ChangeRejected, vec![bad, after_bad]));
}

#[test]
fn a_restored_phone_forks_and_writes_on_under_a_new_actor() {
    let mut phone = visit();
    let backup = phone.clone();
    phone.edit(ME, |edit| edit.put(Map::More, "before/loss", &json!({"by": BY}))).unwrap();
    let server = Server::of(&phone);

    let mut restored = backup;
    let base = restored.heads();
    restored.edit(ME, |edit| edit.put(Map::More, "after/restore", &json!({"by": BY}))).unwrap();
    let forked = restored.changes_since(&base).unwrap();
    server.refuses(&forked[0], RefusalCode::ActorForked);

    let mut replayed = VisitDoc::load(VISIT, &server.snapshot).unwrap();
    let base = replayed.heads();
    replayed.edit(OTHER, |edit| edit.put(Map::More, "after/restore", &json!({"by": BY}))).unwrap();
    let accepted = server.accepts(&replayed.changes_since(&base).unwrap());
    assert_eq!(view(&accepted.doc).more.len(), 2);
}

#[test]
fn a_document_without_its_genesis_is_not_begun() {
    let doc = visit();
    let chunks = doc.changes_since(&[genesis(VISIT).hash]).unwrap();
    let admission = first_push(&chunks);
    assert_eq!(admission.missing, [genesis(VISIT).hash]);
    assert!(admission.accepted.is_none());

    // Another visit's document.
    let other = VisitDoc::create(VisitId::from_bytes([1; 16])).unwrap();
    let admission = first_push(&[other.save()]);
    assert_eq!(admission.refused.unwrap().code, RefusalCode::GenesisMissing);
    assert!(admission.accepted.is_none());
    // Genesis alone is a document.
    assert!(first_push(&[genesis_chunk()]).accepted.is_some());
}

#[test]
fn two_phones_in_either_order_reach_the_same_document() {
    let (mut a, mut b) = (VisitDoc::create(VISIT).unwrap(), VisitDoc::create(VISIT).unwrap());
    for (doc, actor) in [(&mut a, ME), (&mut b, OTHER)] {
        doc.edit(actor, |edit| edit.put(Map::Ticks, "step/a", &json!({"done": actor == ME, "by": BY}))).unwrap();
        doc.edit(actor, |edit| edit.set_notes(&format!("{actor}"))).unwrap();
    }
    let (a, b) = (a.changes_since(&[]).unwrap(), b.changes_since(&[]).unwrap());
    let run = |first: &[Vec<u8>], second: &[Vec<u8>]| {
        let accepted = first_push(first).accepted.unwrap();
        Server { snapshot: accepted.snapshot, index: accepted.index }.push(second).accepted.map(check_accepted).unwrap()
    };
    let (ab, ba) = (run(&a, &b), run(&b, &a));
    assert_eq!(view(&ab.doc), view(&ba.doc));
    assert_eq!(view(&ab.doc).conflicts.len(), 1);
    assert_eq!(ab.heads, ba.heads);
}

#[test]
fn a_damaged_store_is_an_error_of_ours_and_no_refusal() {
    let doc = visit();
    let index = ChangeIndex::of(&doc);
    let chunks = [tick(&doc, ME, "x").raw_bytes().to_vec()];
    let stored = Some(Stored { snapshot: &doc.save()[..100], loaded: None, index: &index });
    let push =
        Push { visit: VISIT, by: BY, chunks: &chunks, stored, may_use_actor: &|_| true, limits: &Limits::DEFAULT };
    assert!(matches!(admit(push), Err(DocError::Unreadable { .. })));
}

#[test]
fn unreadable_bytes_are_named_by_their_sha256() {
    let admission = Server::of(&visit()).push(&[b"rubbish".to_vec(), Vec::new()]);
    let refused = admission.refused.unwrap();
    assert_eq!((refused.hash, refused.code), (Hash::of(b"rubbish"), RefusalCode::ChangeRejected));
    assert_eq!(refused.chunks, [b"rubbish".to_vec(), Vec::new()]);
}
