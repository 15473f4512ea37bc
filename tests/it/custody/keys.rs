//! Rotation of the server's keys: old receipts verify for ever, revoked keys count no more.

use integration_tests::call::Call;
use integration_tests::play::{Phone, Story, Visit};
use serde_json::Value;

fn evidence_keys(story: &Story) -> Vec<Value> {
    let set = story.send_again(&Call::get("/.well-known/evidence-keys.json")).expect(200);
    set["keys"].as_array().expect("keys").clone()
}

fn rotate(story: &Story, words: &[&str]) {
    story.kill_server();
    story.administer(&[&["admin", "rotate-key"], words].concat());
    story.restart_server();
}

/// Takes a photo at the visit and syncs it; gives what `free` then says.
fn photographed_and_freed(phone: &Phone<'_>, visit: &Visit<'_>, script: &str) -> Value {
    visit.plays(script);
    phone.sync();
    phone.run(&["free"]).done()
}

#[test]
fn receipts_of_a_retired_key_still_count_and_those_of_a_revoked_one_free_nothing() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol("li.ming");
    li.sync();
    let visit = li.visit_of("王海");
    visit.plays("09:00 start\n 09:01 photo outdoor_route");
    li.sync();
    assert_eq!(evidence_keys(&story).len(), 1);

    rotate(&story, &["evidence"]);
    let keys = evidence_keys(&story);
    assert_eq!(keys.len(), 2);
    assert!(keys[0]["retired_at"].is_string() && keys[0]["revoked_at"].is_null() && keys[1]["retired_at"].is_null());
    // One receipt of the retired key and one of the new key: both let go of their photo.
    let freed = photographed_and_freed(&li, &visit, "09:10 photo splitter_label");
    assert_eq!((&freed["freed"], &freed["kept"]), (&2.into(), &0.into()), "{freed}");

    rotate(&story, &["access"]);
    visit.plays("09:20 photo ont_stb");
    li.sync();
    rotate(&story, &["evidence", "--revoke"]);
    visit.plays("09:30 step kit_check");
    li.sync();
    let keys = evidence_keys(&story);
    assert!(keys[1]["revoked_at"].is_string() && keys[2]["retired_at"].is_null(), "{keys:?}");
    let freed = li.run(&["free"]).done();
    assert_eq!((&freed["freed"], &freed["kept"]), (&0.into(), &1.into()), "a receipt of the revoked key frees nothing");
}
