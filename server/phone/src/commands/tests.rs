//! The commands without a network: a whole installation, refusals, and what a kill may leave behind.

use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::merge;
use sync_core::protocol::{PushStatement, Row};
use sync_core::statement::body::Body;

use crate::testing::server::Server;
use crate::testing::{NUMBER, TestPhone, VISIT, jpeg};

pub(super) const INK: &str =
    r#"{"width": 600, "height": 200, "strokes": [[[10, 20, 0], [30, 40, 16]], [[50, 60, 300]]]}"#;

/// Scenario S-01 up to the signatures.
pub(super) fn work(phone: &TestPhone) {
    work_unrated(phone);
    phone.run(&["answer", NUMBER, "rating", "9"]);
}

/// The same, but the customer has not rated it.
pub(super) fn work_unrated(phone: &TestPhone) {
    let go = |line: &[&str]| phone.run(line);
    go(&["step", NUMBER, "kit_check"]);
    phone.time("2025-03-04T09:10:00+08:00");
    go(&["contact", NUMBER, "--channel", "app_call", "--result", "reached", "--duration", "65"]);
    go(&["answer", NUMBER, "contact_result", "confirmed"]);
    go(&["step", NUMBER, "confirm_call"]);
    go(&["event", NUMBER, "confirm_call"]);
    phone.time("2025-03-04T09:30:00+08:00");
    go(&["event", NUMBER, "depart"]);
    phone.time("2025-03-04T09:52:00+08:00");
    go(&["event", NUMBER, "arrive", "--lat", "30.123456", "--lon", "120.654321", "--acc", "12"]);
    for step in ["safety", "enter", "talk", "location", "cabling", "splice", "label", "activate", "line_test", "demo"] {
        go(&["step", NUMBER, step]);
    }
    go(&["step", NUMBER, "cleanup"]);
    go(&["event", NUMBER, "enter"]);
    for (question, value) in [
        ("safe_to_work", "true"),
        ("location_agreed", "客厅电视柜"),
        ("route_note", "沿原有暗管"),
        ("cable_kind", "bow_drop"),
        ("cable_entry", "duct"),
        ("indoor_method", "existing_duct"),
        ("splitter_box", "GF-0209"),
        ("splitter_port", "3"),
        ("label_customer_end", "true"),
        ("label_splitter_end", "true"),
        ("ont_serial", "ONT-1"),
        ("resource_ok", "true"),
        ("aaa_sync_ok", "true"),
    ] {
        go(&["answer", NUMBER, question, value]);
    }
    go(&["measure", NUMBER, "optical_power", "-18.30"]);
    go(&["measure", NUMBER, "down_rate", "512.4", "--instrument", "T-100"]);
    for (salt, slot) in [(1, "outdoor_route"), (2, "splitter_label"), (3, "ont_stb")] {
        let photo = phone.file("photo.jpg", &jpeg(salt));
        go(&["photo", NUMBER, &photo, "--slot", slot]);
    }
    go(&["event", NUMBER, "finish_steps"]);
    go(&["answer", NUMBER, "satisfied", "true"]);
    go(&["step", NUMBER, "acceptance"]);
}

fn sign(phone: &TestPhone) -> Value {
    let ink = phone.file("ink.json", INK.as_bytes());
    phone.run(&[
        "sign",
        NUMBER,
        "--ink",
        &format!("customer_confirmation={ink}"),
        "--ink",
        &format!("installer_confirmation={ink}"),
    ])
}

#[test]
fn an_installation_is_recorded_signed_and_handed_in_offline() {
    let phone = TestPhone::new();
    work(&phone);
    let shown = phone.run(&["sign", NUMBER]);
    assert_eq!(shown["missing"], json!(["customer_confirmation", "installer_confirmation"]));
    assert!(shown["text"].as_str().unwrap().contains("王海"), "{shown}");
    let sealed = sign(&phone);
    assert_eq!((&sealed["sealed"], &sealed["state"]), (&json!(true), &json!("signed")), "{sealed}");
    assert_eq!(sealed["text"], shown["text"], "what was shown is what was signed");

    let blocked = phone.try_run(&["finish", NUMBER]).unwrap();
    assert_eq!(blocked.code, 2);
    assert_eq!(blocked.json["blockers"][0]["subject"], "acceptance_form", "{}", blocked.json);
    assert!(blocked.json["blockers"][0]["text"]["zh-CN"].as_str().unwrap().contains("缺少"));

    let form = phone.file("form.jpg", &jpeg(4));
    phone.run(&["photo", NUMBER, &form, "--slot", "acceptance_form"]);
    let finished = phone.run(&["finish", NUMBER]);
    assert_eq!((&finished["finished"], &finished["state"]), (&json!(true), &json!("submitted")), "{finished}");
    let heads = phone.heads();
    assert_eq!(phone.run(&["finish", NUMBER])["finished"], true);
    assert_eq!(phone.heads(), heads, "handing in twice writes nothing");

    let mut server = Server::new(&phone);
    let report = phone.sync(&mut server).unwrap().json;
    assert_eq!(report["outstanding"]["total"], 0, "{report}");
    assert_eq!((server.quarantine.len(), server.statements.len()), (0, 1));
    let view = merge::view(&server.docs[&VISIT]);
    assert_eq!(view.findings, []);
    assert_eq!((view.photos.len(), view.statements.len(), view.outcomes.len()), (4, 1, 1));
}

#[test]
fn every_blob_of_a_form_is_kept_and_the_seal_verifies() {
    let phone = TestPhone::new();
    work(&phone);
    let sealed = sign(&phone);
    let stored = phone.phone().store.read(|tx| tx.statements()).unwrap();
    let [(name, statement)] = stored.as_slice() else { panic!("one statement") };
    assert_eq!(json!(name), sealed["digest"]);
    let push = PushStatement { body: statement.body.clone(), seal: statement.seal.clone() };
    assert_eq!(push.digest().to_string(), *name);
    let payload =
        sync_core::jws::verify_es256(&push.seal, &phone.key, sync_core::jws::typ::STATEMENT).expect("a valid seal");
    let body: Body = serde_json::from_slice(&push.body.0).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(payload["body_sha256"], json!(Hash::of(&push.body.0)));
    let mut blobs: Vec<Hash> = body.commitments().collect();
    for ink in payload["inks"].as_array().unwrap() {
        for name in ["ink_sha256", "name_commit"] {
            blobs.push(serde_json::from_value(ink[name].clone()).unwrap());
        }
    }
    let store = phone.phone().store;
    for blob in blobs {
        assert_eq!(Hash::of(&store.read_blob(&blob).unwrap()), blob);
        assert!(store.read(|tx| tx.blob(&blob)).unwrap().is_some(), "{blob} will be uploaded");
    }
}

#[test]
fn a_form_that_was_shown_is_not_signed_after_the_visit_changed() {
    let phone = TestPhone::new();
    work(&phone);
    phone.run(&["sign", NUMBER]);
    phone.run(&["measure", NUMBER, "down_rate", "300"]);
    let ink = phone.file("ink.json", INK.as_bytes());
    let given = format!("customer_confirmation={ink}");
    let line = ["sign", NUMBER, "--ink", &given, "--refuse", "installer_confirmation=no pen"];
    let error = phone.try_run(&line).unwrap_err();
    assert!(error.to_string().contains("changed after the form was shown"), "{error}");
    assert!(phone.run(&["sign", NUMBER])["text"].as_str().unwrap().contains("300"));
    assert_eq!(phone.run(&line)["sealed"], true, "a refusal is an answer too");
}

#[test]
fn one_signature_of_two_seals_nothing() {
    let phone = TestPhone::new();
    work(&phone);
    let ink = phone.file("ink.json", INK.as_bytes());
    let output = phone.try_run(&["sign", NUMBER, "--ink", &format!("customer_confirmation={ink}")]).unwrap();
    assert_eq!((output.code, &output.json["missing"]), (2, &json!(["installer_confirmation"])));
    assert_eq!(phone.run(&["status", NUMBER])["statements"], json!([]));
}

#[test]
fn a_visit_before_signing_cannot_be_handed_in() {
    let phone = TestPhone::new();
    phone.run(&["start", NUMBER]);
    let output = phone.try_run(&["finish", NUMBER]).unwrap();
    assert_eq!((output.code, &output.json["finished"]), (2, &json!(false)));
    let codes: Vec<&str> =
        output.json["blockers"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"missing_signature") && codes.contains(&"missing_photo"), "{codes:?}");
}

#[test]
fn what_does_not_fit_the_template_is_refused_before_anything_is_written() {
    let phone = TestPhone::new();
    phone.run(&["start", NUMBER]);
    let before = phone.heads();
    for line in [
        ["measure", NUMBER, "optical_powr", "-18.30"],
        ["measure", NUMBER, "optical_power", "-18,30"],
        ["answer", NUMBER, "rating", "11"],
        ["answer", NUMBER, "cable_kind", "rope"],
        ["answer", NUMBER, "satisfied", "perhaps"],
        ["event", NUMBER, "approve", "--reason=I say so"],
        ["step", NUMBER, "kit_check/umbrella", "--undo"],
        ["event", "V-2025-9999", "depart", "--reason=x"],
    ] {
        let error = phone.try_run(&line).expect_err("refused");
        assert_eq!(error.exit_code(), 1, "{line:?}: {error}");
    }
    assert_eq!(phone.heads(), before);
}

#[test]
fn visits_are_named_by_number_id_short_code_or_a_beginning() {
    let phone = TestPhone::new();
    let id = VISIT.to_string();
    let code = VISIT.short_code();
    let bare = code.replace('-', "").to_lowercase();
    for name in [NUMBER, &id, "0909", &code, &bare] {
        assert_eq!(phone.run(&["status", name])["visit"], json!(VISIT), "{name}");
    }
    let listed = phone.run(&["list"]);
    assert_eq!(listed["date"], "2025-03-04");
    assert_eq!(listed["visits"][0]["customer"], "王海");
    phone.time("2025-03-05T09:00:00+08:00");
    assert_eq!(phone.run(&["list"])["visits"], json!([]));
    assert_eq!(phone.run(&["list", "--all"])["visits"].as_array().unwrap().len(), 1);
}

#[test]
fn a_visit_nobody_planned_is_made_offline() {
    let phone = TestPhone::new();
    let customer = phone.run(&[
        "intent",
        "create_customer",
        r#"{"kind": "individual", "name": "周婷", "address": "样本街 21 号"}"#,
    ]);
    let field = format!("customer_id={}", customer["customer_id"].as_str().unwrap());
    let fields = ["-f", "template=broadband_install", "-f", "reason=walk-in", "-f", &field];
    let made = phone.run(&[["intent", "create_visit"].as_slice(), &fields].concat());
    let visit = made["visit"].as_str().unwrap();
    phone.run(&["step", visit, "kit_check"]);
    let listed = phone.run(&["list"]);
    let found = listed["visits"].as_array().unwrap().iter().find(|one| one["visit"] == visit).expect("listed");
    assert_eq!((&found["customer"], &found["begun"]), (&json!("周婷"), &json!(true)));
    assert_eq!(found["state"], "scheduled", "it can be worked on at once");
    let mut server = Server::new(&phone);
    assert_eq!(phone.sync(&mut server).unwrap().json["outstanding"]["total"], 0);
    assert_eq!((server.intents.len(), server.docs.len()), (2, 1));
}

#[test]
fn the_wait_for_an_absent_customer_is_measured_across_processes() {
    let phone = TestPhone::new();
    for event in ["confirm_call_unreachable", "arrive", "customer_absent"] {
        phone.run(&["event", NUMBER, event, "--anyway"]);
    }
    let timeline = phone.run(&["status", NUMBER])["timeline"].clone();
    let boots: std::collections::BTreeSet<&str> =
        timeline.as_array().unwrap().iter().map(|entry| entry["value"]["at"]["boot_id"].as_str().unwrap()).collect();
    assert_eq!(boots.len(), 1, "with a clock file a store has one boot");
}

#[test]
fn a_file_that_is_no_photo_is_kept_as_it_is() {
    let phone = TestPhone::new();
    let jpeg = phone.file("a.bin", &jpeg(7));
    let photo = phone.run(&["photo", NUMBER, &jpeg, "--slot", "outdoor_route", "--gallery"]);
    assert_eq!(photo["photo"]["media_type"], "image/jpeg", "the content counts, not the name");
    assert_eq!((&photo["photo"]["width"], &photo["photo"]["height"]), (&json!(4), &json!(3)));
    let id = photo["photo"]["id"].as_str().unwrap();
    let other = phone.file("b.jpg", b"no picture");
    let replacing = phone.run(&["photo", NUMBER, &other, "--slot", "outdoor_route", "--replaces", id]);
    assert_eq!(replacing["photo"]["media_type"], "application/octet-stream");
    phone.run(&["withdraw", NUMBER, replacing["photo"]["id"].as_str().unwrap(), "--reason", "wrong"]);
    assert_eq!(phone.run(&["status", NUMBER])["photos"], json!([]));
    assert_eq!(phone.run(&["status"])["outstanding"]["blobs"], 2, "withdrawn and replaced bytes are sent as well");
}

/// A visit handed in, and the server that has it.
pub(super) fn handed_in(phone: &TestPhone) -> Server {
    work(phone);
    sign(phone);
    let form = phone.file("form.jpg", &jpeg(4));
    phone.run(&["photo", NUMBER, &form, "--slot", "acceptance_form"]);
    phone.time("2025-03-04T11:30:00+08:00");
    phone.run(&["finish", NUMBER]);
    let mut server = Server::new(phone);
    assert_eq!(phone.sync(&mut server).unwrap().json["outstanding"]["total"], 0);
    server
}

/// Returns the visit for the photo of the splitter label; gives the photo.
pub(super) fn give_back(phone: &TestPhone, server: &mut Server) -> String {
    let status = phone.run(&["status", NUMBER]);
    let photos = status["photos"].as_array().unwrap();
    let bad = photos.iter().find(|photo| photo["value"]["slot"] == "splitter_label").unwrap()["key"].as_str().unwrap();
    let store = phone.phone().store;
    let mut plan: Value = store.read(|tx| tx.row("visit", &VISIT.to_string())).unwrap().unwrap();
    plan["evidence_complete_at_ms"] = json!(1_741_059_100_000_i64);
    let (verdict, ticket) = ("0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a", "0b0b0b0b-0b0b-0b0b-0b0b-0b0b0b0b0b0b");
    let row = |id: &str, body: Value| vec![Row::Put { id: id.to_owned(), version: 1, body }];
    server.rows_out.insert("visit".to_owned(), row(&VISIT.to_string(), plan));
    let returned = json!({"id": verdict, "visit_id": VISIT, "heads": status["heads"], "decision": "return",
        "reason": "photos_rejected", "comment": "请靠近再拍", "by": verdict, "at_ms": 1_741_060_000_000_i64});
    server.rows_out.insert("verdict".to_owned(), row(verdict, returned));
    let slots =
        json!([{"slot": "splitter_label", "photos": [bad], "missing": ["whole_splitter"], "reasons": ["blurred"]}]);
    let rework = json!({"id": ticket, "visit_id": VISIT, "slots": slots, "verdict_id": verdict,
        "heads": status["heads"], "opened_at_ms": 1_741_060_000_000_i64});
    server.rows_out.insert("rework".to_owned(), row(ticket, rework));
    phone.sync(server).unwrap();
    bad.to_owned()
}

/// Scenario S-06: one slot is rejected, shot again, and handed in again.
#[test]
fn a_returned_visit_reopens_its_slots_and_is_handed_in_again() {
    let phone = TestPhone::new();
    let mut server = handed_in(&phone);
    let bad = give_back(&phone, &mut server);
    let status = phone.run(&["status", NUMBER]);
    assert_eq!((&status["state"], &status["reopened_slots"]), (&json!("returned"), &json!(["splitter_label"])));

    phone.time("2025-03-04T14:00:00+08:00");
    let again = phone.file("again.jpg", &jpeg(9));
    phone.run(&["photo", NUMBER, &again, "--slot", "splitter_label", "--replaces", &bad]);
    let finished = phone.run(&["finish", NUMBER]);
    assert_eq!((&finished["finished"], &finished["state"]), (&json!(true), &json!("under_review")), "{finished}");
    assert_eq!(phone.sync(&mut server).unwrap().json["outstanding"]["total"], 0);
    let view = merge::view(&server.docs[&VISIT]);
    assert_eq!(view.timeline.last().unwrap().value.event, "resubmit");
    assert_eq!(view.outcomes.len(), 1, "the outcome stands");
}

#[test]
fn records_larger_than_the_server_takes_are_refused_at_once() {
    let phone = TestPhone::new();
    phone.run(&["start", NUMBER]);
    let long = "长".repeat(10_000);
    let error = phone.try_run(&["answer", NUMBER, "route_note", &long]).unwrap_err();
    assert!(error.to_string().starts_with("answers: "), "{error}");
}
