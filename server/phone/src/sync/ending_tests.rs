//! Every sync ends: work that goes to quarantine is set aside, and a server that takes nothing is not asked for ever.

use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::protocol::{Ack, AckItem, Outcome, PushStatement};
use sync_core::statement::SealPayload;

use super::session::Access;
use super::{Report, rounds};
use crate::keys::DeviceKey;
use crate::store::model::{Safety, StoredStatement};
use crate::testing::server::{Server, Stance};
use crate::testing::{NUMBER, TestPhone, VISIT};

/// A phone with a document, an intent and a statement, none of them at the server.
fn loaded(stance: Stance) -> (TestPhone, Server) {
    let phone = TestPhone::new();
    let mut server = Server::new(&phone);
    server.stance = stance;
    phone.run(&["start", NUMBER]);
    phone.run(&["step", NUMBER, "kit_check"]);
    phone.run(&["intent", "day_note", "-f", "text=rain"]);
    (phone, server)
}

/// Seals a statement past the steps of the visit, which are not at stake here; returns its digest.
fn add_statement(phone: &TestPhone) -> Hash {
    let body = br#"{"v":1}"#.to_vec();
    let store = phone.phone().store;
    let key = DeviceKey::from_secret(&store.read(|tx| tx.enrolment()).unwrap().key.0).unwrap();
    let unsigned = SealPayload::new(Hash::of(&body), Vec::new()).prepare(&key.kid()).unwrap();
    let seal = unsigned.finish(&key.sign(unsigned.input())).jws;
    let push = PushStatement { body: body.into(), seal };
    let digest = push.digest();
    let (visit, safety) = (VISIT.to_string(), Safety::Unsent);
    let stored = StoredStatement {
        visit,
        number: 0,
        body: push.body,
        seal: push.seal,
        at_ms: 1,
        safety,
        code: None,
        last_try: 0,
    };
    store.write(|tx| tx.set_statement(&digest, &stored)).unwrap();
    digest
}

fn sync(phone: &TestPhone, server: &mut Server) -> Value {
    phone.sync(server).unwrap().json
}

fn troubles(phone: &TestPhone, kind: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let status = phone.run(&["status"]);
    let troubles = status["troubles"].as_array().unwrap().iter().filter(|trouble| trouble["kind"] == kind);
    troubles.map(|trouble| (text(&trouble["id"]), text(&trouble["code"]))).collect()
}

#[test]
fn the_work_of_a_revoked_phone_is_set_aside_and_its_sync_ends() {
    let (phone, mut server) = loaded(Stance::Revoked);
    let statement = add_statement(&phone);
    assert_eq!(phone.outstanding(), 5, "genesis, two changes, an intent, a statement");

    let report = sync(&phone, &mut server);
    assert_eq!((&report["outstanding"]["total"], &report["rounds"]), (&json!(0), &json!(1)), "{report}");
    let revoked = |name: String| (name, "device_revoked".to_owned());
    assert_eq!(troubles(&phone, "set_aside"), vec![revoked(VISIT.to_string()); 3]);
    assert_eq!(troubles(&phone, "statement"), [revoked(statement.to_string())]);
    let intent = phone.run(&["status"])["intents"][0].clone();
    assert_eq!((&intent["safety"], &intent["code"]), (&json!("quarantined"), &json!("device_revoked")));
    assert_eq!(phone.run(&["status", NUMBER])["ticks"].as_object().unwrap().len(), 6, "the rep still sees the work");

    // Nothing of it is offered again; what is made afterwards goes the same way.
    assert_eq!(sync(&phone, &mut server)["sent"], json!({"docs": 0, "intents": 0, "statements": 0, "blobs": 0}));
    phone.run(&["note", NUMBER, "later"]);
    let report = sync(&phone, &mut server);
    assert_eq!((&report["outstanding"]["total"], &report["rounds"]), (&json!(0), &json!(1)), "{report}");
    assert_eq!(troubles(&phone, "set_aside").len(), 4);
}

#[test]
fn what_was_held_before_the_revocation_is_not_set_aside() {
    let (phone, mut server) = loaded(Stance::Takes);
    sync(&phone, &mut server);
    server.stance = Stance::Revoked;
    phone.run(&["note", NUMBER, "after"]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(troubles(&phone, "set_aside").len(), 1, "only the note");
    assert_eq!(troubles(&phone, "intent"), []);
}

#[test]
fn what_no_receipt_names_stays_unsent_and_is_offered_once_a_sync() {
    let (phone, mut server) = loaded(Stance::Full);
    let before = phone.outstanding();
    let output = phone.sync(&mut server).unwrap();
    assert_eq!(output.code, 3, "the server must be tried again");
    assert!(server.bodies.len() <= 2, "{} rounds", server.bodies.len());
    assert_eq!(phone.outstanding(), before);
    assert_eq!(troubles(&phone, "set_aside"), []);

    server.stance = Stance::Takes;
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
}

#[test]
fn an_ack_of_quarantine_without_a_receipt_sets_nothing_aside() {
    let (phone, mut server) = loaded(Stance::Takes);
    let ack = Ack { code: Some("device_revoked".to_owned()), ..Ack::new(AckItem::Doc(VISIT), Outcome::Quarantined) };
    server.scripted.insert(VISIT, ack.clone());
    server.faults.push_back(crate::testing::server::Fault::NoReceipt);
    let report = sync(&phone, &mut server);
    assert_eq!(troubles(&phone, "set_aside"), []);
    assert_eq!(report["outstanding"]["total"], 0, "{report}");
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads(), "it was offered once more and taken");
}

#[test]
fn changes_that_rest_on_what_the_server_lacks_are_not_set_aside() {
    let (phone, mut server) = loaded(Stance::Takes);
    let missing = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    phone.run(&["note", NUMBER, "on top"]);
    let hash = Hash::of(b"some bytes of the push");
    let code = Some("checksum_mismatch".to_owned());
    let ack = Ack::new(AckItem::Doc(VISIT), Outcome::Quarantined);
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, missing: vec![missing], ..ack });
    sync(&phone, &mut server);
    assert_eq!(troubles(&phone, "set_aside").len(), 2, "genesis and start; the ticks and the note were not kept");
}

#[test]
fn a_server_that_asks_for_a_replay_for_ever_is_not_asked_for_ever() {
    let (phone, mut server) = loaded(Stance::AlwaysForked);
    let output = phone.sync(&mut server).unwrap();
    assert_eq!(output.code, 3);
    assert!(server.bodies.len() <= 6, "{} rounds", server.bodies.len());
    server.stance = Stance::Takes;
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(phone.run(&["status", NUMBER])["ticks"].as_object().unwrap().len(), 6, "and no edit is lost");
}

#[test]
fn the_number_of_rounds_is_bounded() {
    let (phone, mut server) = loaded(Stance::NeverDone);
    let mut report = Report::default();
    let store = phone.phone();
    let mut access = Access::open(&store, &mut server).unwrap();
    rounds(&store, &mut server, &mut access, &mut report, 12).unwrap();
    assert_eq!((report.rounds, server.bodies.len()), (12, 12));
    assert!(report.is_cut_short);
    assert_eq!(phone.outstanding(), 0, "what was sent is safe all the same");
}
