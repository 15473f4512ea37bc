//! Phones in trouble: without a session, revoked, suspended; and what `export` refuses.

use std::fs;

use integration_tests::call::Call;
use integration_tests::play::{Fate, Story};
use serde_json::json;

use super::{ONCE, enrolled, exported, upload, with_a_day};

#[test]
fn a_revoked_phones_bundle_goes_to_quarantine_as_its_sync_would() {
    let story = Story::begin("2025-03-04");
    let (phone, _) = with_a_day(&story);
    let (said, bytes) = exported(&story, &phone, "work.bundle");
    let path = format!("/v1/devices/{}/revoke", said["device"].as_str().expect("an id"));
    let revoked = story.office("admin").send(Call::post(path));
    assert!(matches!(revoked.status, 200 | 204), "{}", revoked.text());
    let before = story.rows(&["documents", "statements", "intents"]);
    let taken = upload(&story, &bytes).expect(200);
    let items = taken["items"].as_array().expect("items");
    assert!(items.iter().all(|item| item["outcome"] == "quarantined"), "{taken}");
    assert!(items.iter().all(|item| item["code"] == "device_revoked"), "{taken}");
    assert_eq!(story.rows(&["documents", "statements", "intents"]), before);
    let blobs = items.iter().filter(|item| item["kind"] == "blob").count();
    assert_eq!((items.len(), blobs > 0), (blobs + 3, true), "document, form and note");
    let kept = story.rows(&["quarantine"])["quarantine"];
    assert_eq!(usize::try_from(kept), Ok(items.len()));
    // The phone's receipt says so: nothing is outstanding, and no photo may go.
    let said = phone.tries_to_sync(Fate::Deliver).done();
    assert_eq!((&said["outstanding"]["total"], &said["sent"]["blobs"]), (&json!(0), &json!(0)), "{said}");
    assert_eq!(phone.run(&["free"]).done()["freed"], 0);
}

#[test]
fn a_phone_whose_session_is_long_dead_exports_all_the_same() {
    let story = Story::begin("2025-03-04");
    let phone = enrolled(&story);
    let visit = phone.visit_of("王海");
    visit.plays("09:00 start\n 09:01 photo outdoor_route");
    story.on("2025-06-20");
    story.at("09:00");
    let (said, bytes) = exported(&story, &phone, "old.bundle");
    assert_eq!(said["blobs"], 1, "{said}");
    story.sign_in_again("dispatcher");
    let taken = upload(&story, &bytes).expect(200);
    assert!(taken["items"].as_array().expect("items").iter().all(|item| item["outcome"] != "not_found"), "{taken}");
    // Its receipts come with whatever sync it can still do.
    let synced = phone.tries_to_sync(Fate::Deliver);
    assert_eq!((&synced.json["outstanding"]["total"], &synced.json["upload_only"]), (&json!(0), &json!(true)));
    assert_eq!(synced.json["sent"], json!({"docs": 0, "intents": 0, "statements": 0, "blobs": 0}), "{}", synced.json);
}

#[test]
fn a_phone_that_is_killed_while_it_exports_leaves_no_file_that_looks_whole() {
    let story = Story::begin("2025-03-04");
    let (phone, _) = with_a_day(&story);
    let path = story.path("work.bundle");
    for moment in [0, 5, 15, 40] {
        let is_killed = phone.is_killed_after(&["export", "--out", &path], std::time::Duration::from_millis(moment));
        if let Ok(bytes) = fs::read(&path) {
            upload(&story, &bytes).expect(200);
            return;
        }
        assert!(is_killed, "it ended without a file");
    }
    let (_, bytes) = exported(&story, &phone, "again.bundle");
    upload(&story, &bytes).expect(200);
}

#[test]
fn export_overwrites_nothing_and_says_when_there_is_nothing() {
    let story = Story::begin("2025-03-04");
    let phone = enrolled(&story);
    let path = story.path("work.bundle");
    let nothing = phone.run(&["export", "--out", &path]);
    assert_eq!((nothing.code, &nothing.json["error"]["code"]), (Some(1), &json!("usage")), "{}", nothing.errors);
    phone.visit_of("王海").plays("09:00 start");
    fs::write(&path, "somebody's file").expect("written");
    let refused = phone.run(&["export", "--out", &path]);
    assert_eq!(refused.code, Some(1), "{}", refused.json);
    assert_eq!(fs::read(&path).expect("still there"), b"somebody's file");
    let partial = story.path("other.partial");
    fs::write(&partial, "somebody's file").expect("written");
    let (said, _) = exported(&story, &phone, "other.bundle");
    assert_eq!(fs::read(&partial).expect("still there"), b"somebody's file", "{said}");
    let beside = fs::read_dir(std::path::Path::new(&path).parent().expect("a directory")).expect("readable");
    let left =
        beside.filter(|entry| entry.as_ref().is_ok_and(|one| one.path().extension().is_some_and(|is| is == "partial")));
    assert_eq!(left.count(), 1, "only somebody's");
    let before = story.rows(&ONCE);
    phone.sync();
    assert_ne!(story.rows(&ONCE), before);
}
