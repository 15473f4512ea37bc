//! Photos whose bytes the phone dropped, or would like to: only what the server has by its present data counts.

use std::time::Duration;

use integration_tests::play::{Fate, Phone, Story, Visit};
use serde_json::json;

/// Longer than a phone takes to its next request.
const PATIENCE: Duration = Duration::from_secs(60);

/// A rep at work, who has synced, and the backup of before.
fn at_work(story: &Story) -> (Phone<'_>, String) {
    story.at("08:30");
    let li = story.enrol("li.ming");
    li.sync();
    let backup = story.path("backup");
    story.administer(&["backup", &backup]);
    (li, backup)
}

/// Takes a photo; gives the hash of its bytes.
fn takes_photo(visit: &Visit<'_>) -> String {
    visit.plays("09:00 start\n 09:01 photo outdoor_route");
    visit.shown()["photos"][0]["value"]["sha256"].as_str().expect("a hash").to_owned()
}

fn restored(story: &Story, backup: &str) {
    story.kill_server();
    story.administer(&["restore", backup, "--replace"]);
    story.restart_server();
}

fn freed(phone: &Phone<'_>) -> i64 {
    phone.run(&["free"]).done()["freed"].as_i64().expect("a number")
}

#[test]
fn a_photo_that_was_freed_is_found_where_the_server_has_it_and_the_backup_knows_nothing_of_it() {
    let story = Story::begin("2025-03-04");
    let (li, backup) = at_work(&story);
    let visit = li.visit_of("王海");
    let photo = takes_photo(&visit);
    li.sync();
    assert_eq!(freed(&li), 1);
    for time in ["10:00", "10:10"] {
        story.at(time);
        restored(&story, &backup);
        assert_eq!(story.rows(&["blobs"])["blobs"], 0);
        let said = li.sync();
        assert_eq!((&said["problems"], &visit.shown()["unsent_blobs"]), (&json!([]), &json!([])), "{said}");
        assert_eq!(story.rows(&["blobs", "blob_bringers"]).into_values().collect::<Vec<_>>(), [1, 1]);
        let verified = story.administer(&["verify"]);
        let out = String::from_utf8_lossy(&verified.stdout);
        assert!(!out.contains(&photo), "{out}");
    }
}

#[test]
fn a_photo_that_was_freed_and_is_nowhere_is_told_as_lost() {
    let story = Story::begin("2025-03-04");
    let (li, backup) = at_work(&story);
    let visit = li.visit_of("王海");
    let photo = takes_photo(&visit);
    li.sync();
    assert_eq!((freed(&li), &visit.shown()["unsent_blobs"]), (1, &json!([])));
    restored(&story, &backup);
    story.lose_blob(&photo);
    let said = li.tries_to_sync(Fate::Deliver).json;
    let problems = said["problems"].to_string();
    assert!(problems.contains(&photo) && problems.contains("the server lost it"), "{said}");
    assert_eq!(visit.shown()["unsent_blobs"], json!([photo]), "the phone does not call it held");
    let verified = story.try_to_administer(&["verify"]);
    let out = String::from_utf8_lossy(&verified.stdout);
    assert!(out.contains(&format!("awaited  blob  {photo}")), "{out}");
}

#[test]
fn a_photo_whose_receipt_was_lost_is_not_freed() {
    let story = Story::begin("2025-03-04");
    let (li, _) = at_work(&story);
    takes_photo(&li.visit_of("王海"));
    // The last part of its upload, which is the only one.
    drop(li.tries_to_sync(Fate::LoseAnswers("/v1/uploads/")));
    assert_eq!(story.rows(&["blobs"])["blobs"], 1, "the server has it, and the phone does not know");
    assert_eq!(freed(&li), 0);
    li.sync();
    assert_eq!(freed(&li), 1);
}

#[test]
fn a_photo_is_not_freed_after_a_restore_before_the_server_was_asked_after_it() {
    let story = Story::begin("2025-03-04");
    let (li, backup) = at_work(&story);
    takes_photo(&li.visit_of("王海"));
    li.sync();
    restored(&story, &backup);
    // The first answer tells of the restore; the phone ends before its next request has left.
    let requests = story.network.watch();
    let mut syncing = li.spawn(&["sync"]);
    drop(requests.recv_timeout(PATIENCE).expect("what moved"));
    let asks = requests.recv_timeout(PATIENCE).expect("what is there");
    assert_eq!(asks.path, "/v1/sync");
    syncing.kill().and_then(|()| syncing.wait()).expect("the phone ends");
    story.network.next(Fate::Down);
    drop(asks);
    assert!(li.outstanding() > 0, "the phone knows of the restore");
    assert_eq!(freed(&li), 0);
    li.sync();
    assert_eq!(freed(&li), 1);
}
