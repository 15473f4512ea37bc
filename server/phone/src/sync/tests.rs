//! Sync rounds against a server in memory: lost answers, gaps, replays, quarantine, leaving scope, another epoch.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::EpochId;
use sync_core::merge;
use sync_core::protocol::{Ack, AckItem, DocForm, DocUpdate, Outcome, PushStatement, Row};

use super::size_tests::long_notes;
use crate::error::PhoneError;
use crate::store::model::{Safety, StoredStatement};
use crate::testing::server::{Fault, Server};
use crate::testing::{NUMBER, TestPhone, VISIT, jpeg};

pub(super) fn begun() -> (TestPhone, Server) {
    let phone = TestPhone::new();
    let server = Server::new(&phone);
    phone.run(&["start", NUMBER]);
    phone.run(&["step", NUMBER, "kit_check"]);
    phone.run(&["answer", NUMBER, "contact_result", "confirmed"]);
    (phone, server)
}

pub(super) fn ack(outcome: Outcome) -> Ack {
    Ack::new(AckItem::Doc(VISIT), outcome)
}

pub(super) fn sync(phone: &TestPhone, server: &mut Server) -> Value {
    phone.sync(server).unwrap().json
}

#[test]
fn everything_arrives_and_is_held() {
    let (phone, mut server) = begun();
    let photo = phone.file("photo.jpg", &jpeg(1));
    phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    phone.run(&["intent", "day_note", "-f", "text=rain"]);
    assert_eq!(phone.outstanding(), 7, "genesis, four changes, an intent, a blob");

    let report = sync(&phone, &mut server);
    assert_eq!(report["outstanding"]["total"], 0, "{report}");
    assert_eq!(report["sent"], json!({"docs": 1, "intents": 1, "statements": 0, "blobs": 1}));
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads());
    assert_eq!(server.quarantine, []);
    let first = sync_core::protocol::decode_request(
        &server.bodies[0],
        sync_core::protocol::Encoding::Cbor,
        &sync_core::protocol::ProtocolLimits::DEFAULT,
    );
    assert_eq!(first.unwrap().docs[0].chunks.len(), 1, "a document new to the server travels as one chunk");

    phone.run(&["note", NUMBER, "second floor"]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(merge::view(&server.docs[&VISIT]).notes, "second floor");
}

#[test]
fn on_a_metered_network_photos_wait_and_all_else_goes() {
    let (phone, mut server) = begun();
    let photo = phone.file("photo.jpg", &jpeg(1));
    phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    let how = crate::sync::How { is_metered: true, ..Default::default() };
    let metered = crate::sync::run(&phone.phone(), &mut server, how).unwrap();
    assert_eq!((&metered.json["sent"]["blobs"], &metered.json["waiting_files"]), (&json!(0), &json!(1)));
    assert_eq!(
        metered.json["outstanding"],
        json!({
            "total": 1, "changes": 0, "intents": 0, "statements": 0, "blobs": 1,
            "oldest_at": metered.json["outstanding"]["oldest_at"],
        })
    );
    assert!(metered.text.contains("1 photos or files wait") && server.blobs.is_empty(), "{}", metered.text);

    let report = sync(&phone, &mut server);
    assert_eq!((&report["outstanding"]["total"], &report["waiting_files"]), (&json!(0), &json!(0)));
    assert_eq!(server.blobs.len(), 1);
}

#[test]
fn an_unreachable_server_costs_nothing() {
    let (phone, mut server) = begun();
    let before = phone.outstanding();
    server.faults.push_back(Fault::Unreachable);
    let error = phone.sync(&mut server).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert_eq!(phone.outstanding(), before);
    phone.run(&["note", NUMBER, "still working"]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(merge::view(&server.docs[&VISIT]).notes, "still working");
}

#[test]
fn a_lost_answer_is_asked_for_with_the_same_bytes() {
    let (phone, mut server) = begun();
    phone.run(&["intent", "day_note", "-f", "text=rain"]);
    server.faults.extend([Fault::LostAnswer, Fault::LostAnswer]);
    assert!(matches!(phone.sync(&mut server), Err(PhoneError::Network(_))));
    // The rep goes on working before the retry; the request in flight stays what it was.
    phone.run(&["note", NUMBER, "between"]);
    assert!(matches!(phone.sync(&mut server), Err(PhoneError::Network(_))));
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(server.bodies[0], server.bodies[1]);
    assert_eq!(server.bodies[0], server.bodies[2]);
    assert_eq!(server.intents.len(), 1);
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads());
}

#[test]
fn a_request_refused_for_good_does_not_block_the_next_one() {
    let (phone, mut server) = begun();
    let before = phone.outstanding();
    server.faults.push_back(Fault::Refused);
    assert_eq!(phone.sync(&mut server).unwrap_err().exit_code(), 1);
    assert_eq!(phone.outstanding(), before);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
}

#[test]
fn acks_alone_make_nothing_safe() {
    let (phone, mut server) = begun();
    let before = phone.outstanding();
    server.faults.extend([Fault::NoReceipt, Fault::NoReceipt, Fault::NoReceipt]);
    let output = phone.sync(&mut server).unwrap();
    assert_eq!(output.code, 3);
    assert_eq!(phone.outstanding(), before);
    server.faults.clear();
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0, "the duplicate is named by a receipt");
}

#[test]
fn a_server_that_lacks_changes_gets_them() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    server.docs.clear();
    phone.run(&["note", NUMBER, "later"]);
    let report = sync(&phone, &mut server);
    assert_eq!(report["outstanding"]["total"], 0, "{report}");
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads());
}

#[test]
fn quarantined_work_is_held_there_and_kept_here() {
    let (phone, mut server) = begun();
    server.scripted.insert(VISIT, Ack { code: Some("device_revoked".to_owned()), ..ack(Outcome::Quarantined) });
    let report = sync(&phone, &mut server);
    assert_eq!(report["outstanding"]["total"], 0, "a receipt names it as quarantined");
    let status = phone.run(&["status"]);
    let kinds: Vec<&str> =
        status["troubles"].as_array().unwrap().iter().map(|trouble| trouble["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["document", "set_aside", "set_aside", "set_aside", "set_aside"]);
    assert_eq!(phone.run(&["status", NUMBER])["ticks"].as_object().unwrap().len(), 6, "the rep still sees the work");
}

#[test]
fn a_visit_that_leaves_the_scope_is_offered_before_it_is_dropped() {
    let (phone, mut server) = begun();
    let gone = DocUpdate { id: VISIT, form: DocForm::Gone, heads: Vec::new(), bytes: Vec::new().into() };
    server.docs_out.push(gone);
    server.rows_out.insert("visit".to_owned(), vec![Row::Gone { id: VISIT.to_string() }]);
    // The first answer says `gone` and makes nothing safe: the visit stays.
    server.faults.push_back(Fault::NoReceipt);
    server.faults.push_back(Fault::Unreachable);
    assert!(phone.sync(&mut server).is_err());
    assert_eq!(phone.run(&["status", NUMBER])["is_gone"], true);

    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(phone.try_run(&["status", NUMBER]).is_err(), "now it is gone");
    assert_eq!(merge::view(&server.docs[&VISIT]).ticks.len(), 6, "and nothing of it was lost");
}

#[test]
fn the_reason_of_late_work_stays_when_the_visit_leaves_the_phone() {
    for (reason, zh, leaves) in [("reassigned", "改派", true), ("cancelled", "取消", false)] {
        let (phone, mut server) = begun();
        server.late = Some(reason.to_owned());
        if leaves {
            server.rows_out.insert("visit".to_owned(), vec![Row::Gone { id: VISIT.to_string() }]);
        }
        let output = phone.sync(&mut server).unwrap();
        assert_eq!(output.json["late"][0]["late_work"]["reason"], reason);
        let status = phone.try_run(&["status"]).unwrap();
        let trouble = status.json["troubles"][0].clone();
        assert_eq!(
            (&trouble["kind"], &trouble["code"], &trouble["number"]),
            (&json!("late"), &json!(reason), &json!(NUMBER))
        );
        let visit = phone.try_run(&["status", NUMBER]).unwrap();
        assert_eq!((&visit.json["is_gone"], &visit.json["late_work"]["reason"]), (&json!(leaves), &json!(reason)));
        for text in [output.text, status.text, visit.text] {
            assert!(text.contains(zh) && text.contains(reason) && text.contains(NUMBER), "{text}");
        }
    }
}

#[test]
fn another_epoch_gets_everything_again() {
    let (phone, mut server) = begun();
    let photo = phone.file("photo.jpg", &jpeg(2));
    phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    phone.run(&["intent", "day_note", "-f", "text=rain"]);
    sync(&phone, &mut server);
    assert_eq!(phone.outstanding(), 0);

    // A restored server: other data, none of ours.
    let mut restored = Server::new(&phone);
    restored.epoch = EpochId::from_bytes([4; 16]);
    let report = sync(&phone, &mut restored);
    assert_eq!(report["epoch_changed"], true);
    assert_eq!(report["outstanding"]["total"], 0, "{report}");
    assert_eq!(json!(restored.docs[&VISIT].heads()), phone.heads());
    assert_eq!((restored.intents.len(), restored.blobs.len()), (1, 1));
}

#[test]
fn a_dead_sign_in_still_sends_everything() {
    let (phone, mut server) = begun();
    server.refresh_works = false;
    server.faults.push_back(Fault::TokenInvalid);
    let report = sync(&phone, &mut server);
    assert_eq!(report["upload_only"], true);
    assert_eq!(report["outstanding"]["total"], 0, "{report}");
    assert_eq!(phone.phone().store.read(|tx| tx.feed()).unwrap().cursor, None, "nothing was read");
}

#[test]
fn an_ended_token_is_renewed_once() {
    let (phone, mut server) = begun();
    server.faults.push_back(Fault::TokenInvalid);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(server.paths, ["/v1/auth/nonces", "/v1/auth/refresh"]);
}

#[test]
fn an_assertion_that_came_too_late_is_made_anew_with_another_nonce() {
    let (phone, mut server) = begun();
    server.stale_nonces = 1;
    server.faults.push_back(Fault::TokenInvalid);
    let report = sync(&phone, &mut server);
    assert_eq!((&report["upload_only"], &report["outstanding"]["total"]), (&json!(false), &json!(0)), "{report}");
    assert_eq!(server.paths, ["/v1/auth/nonces", "/v1/auth/refresh"].repeat(2));
}

#[test]
fn a_refresh_token_that_is_not_dead_is_tried_again_by_the_next_sync() {
    let (phone, mut server) = begun();
    server.stale_nonces = 2;
    server.faults.push_back(Fault::TokenInvalid);
    let report = sync(&phone, &mut server);
    assert_eq!((&report["upload_only"], &report["outstanding"]["total"]), (&json!(true), &json!(0)), "{report}");
    assert_eq!(phone.phone().store.read(|tx| tx.feed()).unwrap().cursor, None, "nothing was read");

    let report = sync(&phone, &mut server);
    assert_eq!(report["upload_only"], false, "{report}");
    assert!(phone.phone().store.read(|tx| tx.feed()).unwrap().cursor.is_some(), "it reads again");
}

#[test]
fn a_sign_in_that_is_dead_is_not_tried_again() {
    let (phone, mut server) = begun();
    server.refresh_works = false;
    server.faults.push_back(Fault::TokenInvalid);
    sync(&phone, &mut server);
    server.paths.clear();
    assert_eq!(sync(&phone, &mut server)["upload_only"], true);
    assert_eq!(server.paths, [""; 0]);
}

#[test]
fn two_phones_of_one_crew_reach_the_same_heads() {
    let (first, mut server) = begun();
    let second = TestPhone::new();
    second.run(&["step", NUMBER, "kit_check/drop_cloth"]);
    second.run(&["measure", NUMBER, "optical_power", "-20.10"]);
    first.run(&["measure", NUMBER, "optical_power", "-18.30"]);
    sync(&first, &mut server);
    server.serve(&second);
    server.docs_out.push(server.delta(VISIT));
    assert_eq!(sync(&second, &mut server)["outstanding"]["total"], 0);
    server.serve(&first);
    server.docs_out.push(server.delta(VISIT));
    sync(&first, &mut server);
    assert_eq!(first.heads(), second.heads());
    assert_eq!(json!(server.docs[&VISIT].heads()), first.heads());
    let conflicts = first.run(&["status", NUMBER])["conflicts"].clone();
    assert_eq!(conflicts, second.run(&["status", NUMBER])["conflicts"]);
    assert!(conflicts.as_array().unwrap().iter().any(|conflict| conflict["key"] == "optical_power"), "{conflicts}");
}

#[test]
fn a_delta_that_does_not_fit_is_replaced_by_the_snapshot() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    let mut doc: VisitDoc = server.docs[&VISIT].clone();
    let write = |doc: &mut VisitDoc, key: &str| {
        doc.edit(Actor([77; 16]), |edit| edit.put(Map::Ticks, key, &json!({"done": true}))).unwrap().unwrap()
    };
    write(&mut doc, "talk/form_shown");
    let second = write(&mut doc, "talk/rules_explained");
    server.docs.insert(VISIT, doc.clone());
    // The first of the two changes is missing from the delta.
    let bytes = second.chunk.into();
    server.docs_out.push(DocUpdate { id: VISIT, form: DocForm::Delta, heads: doc.heads(), bytes });
    sync(&phone, &mut server);
    assert_eq!(json!(doc.heads()), phone.heads());
}

#[test]
fn a_copy_of_the_store_writes_as_somebody_else() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    let store = phone.dir.join("store");
    std::fs::copy(store.join("phone.redb"), store.join("copy")).unwrap();
    phone.run(&["note", NUMBER, "before the restore"]);
    sync(&phone, &mut server);
    // The phone is restored from an older copy: the next change must not reuse the actor's sequence numbers.
    std::fs::rename(store.join("copy"), store.join("phone.redb")).unwrap();
    phone.run(&["step", NUMBER, "talk"]);
    // No news tells a phone of its own changes: it finds by itself that it lacks them.
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads());
    assert_eq!(server.quarantine, []);
    let view = merge::view(&server.docs[&VISIT]);
    assert_eq!((view.notes.as_str(), view.ticks.len()), ("before the restore", 8));
}

#[test]
fn a_document_that_nobody_takes_keeps_back_no_signed_form() {
    let (phone, mut server) = begun();
    server.limits = BTreeMap::from([("sync_encoded_bytes".to_owned(), 16 * 1024)]);
    sync(&phone, &mut server);
    server.unknown.insert(VISIT);
    server.takes_bytes = 16 * 1024;
    long_notes(&phone, 4);
    let digest = add_form(&phone, 0);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["statements"], 0);
    assert_eq!(server.statements.iter().collect::<Vec<_>>(), [&digest]);
}

/// A signed form of 4,000 bytes, past the steps of the visit.
fn add_form(phone: &TestPhone, number: u8) -> Hash {
    let form = PushStatement { body: Blob(vec![number; 4_000]), seal: number.to_string() };
    let digest = form.digest();
    let PushStatement { body, seal } = form;
    let (visit, number, safety) = (VISIT.to_string(), u64::from(number), Safety::Unsent);
    let stored = StoredStatement { visit, number, body, seal, at_ms: 1 << 52, safety, code: None, last_try: 0 };
    phone.phone().store.write(|tx| tx.set_statement(&digest, &stored)).unwrap();
    digest
}

#[test]
fn signed_forms_that_nobody_takes_keep_back_neither_later_ones_nor_a_document_tried_in_vain() {
    let (phone, mut server) = begun();
    server.limits = BTreeMap::from([("sync_encoded_bytes".to_owned(), 16 * 1024)]);
    sync(&phone, &mut server);
    server.unknown.insert(VISIT);
    server.takes_bytes = 16 * 1024;
    long_notes(&phone, 2);
    server.unknown_forms.extend((0..3).map(|number| add_form(&phone, number)));
    let later = add_form(&phone, 3);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["statements"], 3);
    assert_eq!(server.statements.iter().collect::<Vec<_>>(), [&later]);
    server.unknown.clear();
    // What went longest ago goes first: the document has its turn once each of the three forms has had one.
    for _ in 0..3 {
        sync(&phone, &mut server);
    }
    let report = sync(&phone, &mut server);
    assert_eq!((&report["outstanding"]["changes"], &report["outstanding"]["statements"]), (&json!(0), &json!(3)));
    server.unknown_forms.clear();
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
}

#[test]
fn a_photo_at_which_the_connection_breaks_keeps_back_no_other() {
    let (phone, mut server) = begun();
    let photos = [jpeg(1), jpeg(2)];
    for (photo, slot) in photos.iter().zip(["outdoor_route", "splitter_label"]) {
        let file = phone.file("photo.jpg", photo);
        phone.run(&["photo", NUMBER, &file, "--slot", slot]);
    }
    server.breaks_at = Some(Hash::of(&photos[0]));
    assert!(phone.sync(&mut server).is_err());
    assert!(phone.sync(&mut server).is_err());
    assert_eq!(server.blobs.keys().collect::<Vec<_>>(), [&Hash::of(&photos[1])]);
    server.breaks_at = None;
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
}
