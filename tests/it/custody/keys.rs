//! Rotation of the server's keys: old receipts verify for ever, revoked keys count no more.

use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::play::{Phone, Story, Visit};
use integration_tests::remote::{RemotePhone, sign_in};
use integration_tests::server::TestServer;
use serde_json::Value;
use sync_core::jws;
use sync_core::protocol::row::{Row, kind};

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

#[test]
fn a_running_server_takes_up_new_keys_and_signs_a_waiting_order_anew() {
    let server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let admin = sign_in(&server, YUNZE, "admin", PASSWORD);
    let wipe = Call::post(format!("/v1/devices/{}/wipe", phone.device())).json(&serde_json::json!({}));
    assert!(server.send(&wipe.bearer(&admin)).status < 300);
    let key_of = |text: &str| jws::parse(text).expect("a JWS").header.kid;
    let sync = |note: &str| {
        let answer = phone.sync(&server, &phone.pushing(Vec::new(), vec![phone.day_note(note)])).expect("an answer");
        let Row::Put { body, .. } = &answer.rows[kind::ORDER][0] else { panic!("an order") };
        [key_of(&answer.receipts[0]), key_of(body["jws"].as_str().expect("a JWS"))]
    };
    let keys = || {
        let set = server.send(&Call::get("/.well-known/evidence-keys.json")).expect(200);
        set["keys"].as_array().expect("keys").clone()
    };
    let [old] = <[Value; 1]>::try_from(keys()).expect("one key");
    assert_eq!(sync("before"), [old["kid"].as_str().unwrap(); 2]);

    let rotated = server.run(&["admin", "rotate-key", "evidence", "--revoke"]);
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let [revoked, new] = <[Value; 2]>::try_from(keys()).expect("the new key is shown at once");
    assert_eq!(revoked["kid"], old["kid"]);
    assert!(revoked["revoked_at"].is_string());
    assert_eq!(sync("after"), [new["kid"].as_str().unwrap(); 2]);
}
