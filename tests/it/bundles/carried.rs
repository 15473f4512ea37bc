//! What a file carries to the office is there once, whichever way it comes in, and the phone learns of it.

use integration_tests::play::Story;
use serde_json::json;

use super::{ONCE, assert_all_there, assert_safe_without_sending, exported, import, text, upload, with_a_day};

#[test]
fn work_of_a_phone_without_a_network_reaches_the_office_as_a_file_and_nothing_goes_twice() {
    let story = Story::begin("2025-03-04");
    let (phone, id) = with_a_day(&story);
    let outstanding = phone.outstanding();
    assert!(outstanding > 10, "{outstanding}");
    let (said, bytes) = exported(&story, &phone, "work.bundle");
    assert_eq!((&said["problems"], &said["statements"]), (&json!([]), &json!(1)), "{said}");
    assert_eq!(phone.outstanding(), outstanding, "what was exported is unsent until a receipt names it");

    let taken = upload(&story, &bytes).expect(200);
    assert_eq!((&taken["bundle_id"], &taken["is_duplicate"]), (&said["files"][0]["bundle"], &json!(false)));
    let items = taken["items"].as_array().expect("items").len();
    assert_eq!(taken["counts"], json!({"stored": items}), "{taken}");
    assert_all_there(&story, &phone.visit(&id, "王海"));
    let rows = story.rows(&ONCE);

    let again = upload(&story, &bytes).expect(200);
    assert_eq!((&again["is_duplicate"], &again["counts"]), (&json!(true), &json!({"duplicate": items})), "{again}");
    assert_eq!(story.rows(&ONCE), rows);

    assert_eq!(story.rows(&["kept_receipts"])["kept_receipts"], 2, "of the batch and of the blobs, once");
    assert_safe_without_sending(&story, &phone);
    assert_eq!(story.rows(&ONCE), rows);
    phone.sync();
    assert_eq!(story.rows(&["kept_receipts"])["kept_receipts"], 0, "the phone said that it has them");
    let devices = story.office("admin").list("/v1/devices");
    assert!(devices.iter().all(|device| device["unsent"] == 0), "the office counts what the phone counts: {devices:?}");
    let freed = phone.run(&["free"]).done();
    assert_eq!((&freed["freed"], &freed["kept"]), (&said["blobs"], &json!(0)), "{freed}");
}

#[test]
fn the_command_takes_in_the_same_file_with_the_same_effect() {
    let story = Story::begin("2025-03-04");
    let (phone, id) = with_a_day(&story);
    let (_, bytes) = exported(&story, &phone, "work.bundle");
    let first = import(&story, "work.bundle");
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    assert!(text(&first).contains("stored") && !text(&first).contains("duplicate"), "{}", text(&first));
    assert_all_there(&story, &phone.visit(&id, "王海"));
    let rows = story.rows(&ONCE);
    let second = import(&story, "work.bundle");
    assert_eq!(second.status.code(), Some(0), "{}", text(&second));
    assert!(text(&second).contains("duplicate") && !text(&second).contains("stored"), "{}", text(&second));
    assert_eq!(upload(&story, &bytes).expect(200)["is_duplicate"], true);
    assert_eq!(story.rows(&ONCE), rows);
    assert_safe_without_sending(&story, &phone);
    let verified = story.administer(&["verify"]);
    assert!(text(&verified).contains("everything is as the captured bytes say"), "{}", text(&verified));
}

#[test]
fn a_phone_whose_answers_were_lost_brings_only_what_the_server_did_not_name() {
    let story = Story::begin("2025-03-04");
    let phone = super::enrolled(&story);
    let visit = phone.visit_of("王海");
    visit.plays("09:00 start\n 09:01 photo outdoor_route");
    phone.sync();
    visit.plays("09:10 photo splitter_label\n 09:11 step kit_check");
    // The server took this, and the phone does not know.
    let lost = phone.tries_to_sync(integration_tests::play::Fate::LoseAnswers("/v1/sync"));
    assert_eq!(lost.code, Some(3), "{}", lost.json);
    let rows = story.rows(&["documents", "doc_changes"]);
    let (said, bytes) = exported(&story, &phone, "rest.bundle");
    assert_eq!(said["blobs"], 1, "the first photo has its receipt: {said}");
    let taken = upload(&story, &bytes).expect(200);
    assert_eq!(taken["counts"], json!({"stored": 1, "duplicate": 1}), "the photo is new: {taken}");
    assert_eq!(story.rows(&["documents", "doc_changes"]), rows);
    phone.sync();
    assert_eq!(visit.shown()["heads"], story.heads(&visit.id));
    assert_eq!(story.rows(&["blobs"])["blobs"], 2);
}

#[test]
fn two_bundles_of_one_phone_come_in_either_order() {
    for order in [[0, 1], [1, 0]] {
        let story = Story::begin("2025-03-04");
        let phone = super::enrolled(&story);
        let visit = phone.visit_of("王海");
        visit.plays("09:00 start\n 09:01 photo outdoor_route");
        let (_, first) = exported(&story, &phone, "first.bundle");
        visit.plays("09:10 photo splitter_label\n 09:11 step kit_check");
        let (_, second) = exported(&story, &phone, "second.bundle");
        let bundles = [first, second];
        let answers = order.map(|at| upload(&story, &bundles[at]).expect(200));
        let [_, last] = &answers;
        assert_eq!(last["is_duplicate"], order == [1, 0], "{order:?}: {answers:?}");
        assert_eq!(visit.shown()["heads"], story.heads(&visit.id), "{order:?}");
        let rows = story.rows(&["documents", "blobs", "visit_photos", "quarantine"]);
        assert_eq!(json!(rows), json!({"documents": 1, "blobs": 2, "visit_photos": 2, "quarantine": 0}), "{order:?}");
        assert_safe_without_sending(&story, &phone);
    }
}

#[test]
fn work_done_after_the_export_goes_by_the_network() {
    let story = Story::begin("2025-03-04");
    let phone = super::enrolled(&story);
    let visit = phone.visit_of("王海");
    visit.plays("09:00 start\n 09:01 photo outdoor_route");
    let (_, bytes) = exported(&story, &phone, "morning.bundle");
    visit.plays("09:10 photo splitter_label");
    upload(&story, &bytes).expect(200);
    let synced = phone.sync();
    assert_eq!((&synced["sent"]["docs"], &synced["sent"]["blobs"]), (&json!(1), &json!(1)), "{synced}");
    assert_eq!(visit.shown()["heads"], story.heads(&visit.id));
}

#[test]
fn a_file_that_never_arrived_loses_nothing() {
    let story = Story::begin("2025-03-04");
    let (phone, id) = with_a_day(&story);
    let (_, _never_brought) = exported(&story, &phone, "lost.bundle");
    phone.sync();
    phone.sync();
    assert_all_there(&story, &phone.visit(&id, "王海"));
}

#[test]
fn a_large_outbox_goes_as_numbered_bundles_that_are_each_whole() {
    let story = Story::begin("2025-03-04");
    let (phone, id) = with_a_day(&story);
    let (_, whole) = exported(&story, &phone, "whole.bundle");
    let most = whole.len() / 2;
    let words = ["export", "--out", &story.path("part.bundle"), "--max-bytes", &most.to_string()];
    let said = phone.run(&words).done();
    let files = said["files"].as_array().expect("files");
    assert!(files.len() >= 2, "{said}");
    let bundles: Vec<Vec<u8>> = (1..=files.len())
        .map(|number| std::fs::read(story.path(&format!("part-{number}.bundle"))).expect("a numbered bundle"))
        .collect();
    for (file, bundle) in files.iter().zip(&bundles) {
        assert_eq!(file["bytes"], json!(bundle.len()), "{said}");
        assert!(bundle.len() <= most, "{said}");
    }
    let again = phone.run(&words);
    assert_eq!((again.code, &again.json["error"]["code"]), (Some(1), &json!("usage")), "{}", again.json);

    // Each is taken by itself, and nothing is in two of them.
    for bundle in &bundles {
        let taken = upload(&story, bundle).expect(200);
        let items = taken["items"].as_array().expect("items").len();
        assert_eq!(taken["counts"], json!({"stored": items}), "{taken}");
    }
    assert_all_there(&story, &phone.visit(&id, "王海"));
    assert_eq!(upload(&story, &whole).expect(200)["is_duplicate"], true, "all of it came in the parts");
    assert_safe_without_sending(&story, &phone);
}
