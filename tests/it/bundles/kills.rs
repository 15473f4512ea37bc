//! `kill -9` in the middle of an import: the same file again completes it, and nothing is there twice.

use std::io::Read as _;
use std::sync::mpsc;
use std::time::Duration;

use doorstep::domain::Role;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::{Engine, count};
use integration_tests::play::Story;
use integration_tests::remote::{RemotePhone, sign_in};
use integration_tests::server::{TestServer, send};
use integration_tests::told::tell;
use integration_tests::trap::{DURABLE, TALK, Trap};
use serde_json::json;

use super::{ONCE, assert_all_there, assert_safe_without_sending, call, exported, text, upload, with_a_day};

/// What the server has after an import that nothing disturbed.
fn undisturbed() -> serde_json::Value {
    let story = Story::begin("2025-03-04");
    let (phone, _) = with_a_day(&story);
    let (_, bytes) = exported(&story, &phone, "work.bundle");
    upload(&story, &bytes).expect(200);
    json!(story.rows(&ONCE))
}

#[test]
fn an_import_that_was_killed_is_completed_by_the_same_file() {
    let story = Story::begin("2025-03-04");
    let (phone, id) = with_a_day(&story);
    let (_, _) = exported(&story, &phone, "work.bundle");
    story.kill_server();
    let mut killed = 0;
    for moment in [1_u64, 20, 40, 60, 80, 100, 130, 170, 220, 300, 400] {
        let mut child = story.spawn_admin(&["import", "bundle", &story.path("work.bundle")]);
        let mut output = child.stdout.take().expect("its output is a pipe");
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            let read = output.read_to_end(&mut Vec::new());
            // The kill may have come first; then nobody listens any more.
            let _ = ended.send(read.is_ok());
        });
        if end.recv_timeout(Duration::from_millis(moment)).is_err() {
            child.kill().expect("the import can be killed");
            killed += 1;
        }
        child.wait().expect("the import is reaped");
    }
    assert!(killed > 0, "every import was quicker than every moment");
    let completed = story.try_to_administer(&["import", "bundle", &story.path("work.bundle")]);
    assert_eq!(completed.status.code(), Some(0), "{}", text(&completed));
    story.restart_server();
    assert_all_there(&story, &phone.visit(&id, "王海"));
    assert_eq!(json!(story.rows(&ONCE)), undisturbed());
    assert_safe_without_sending(&story, &phone);
}

/// Calls at which the server dies; an import makes some dozens.
const CALLS: [usize; 9] = [1, 2, 3, 4, 6, 9, 13, 19, 28];

#[test]
fn a_server_killed_at_one_call_after_another_of_an_import_completes_it_from_the_same_file() {
    let limits = json!({"sync_per_minute": 60_000, "sync_burst": 60_000, "user_per_minute": 60_000});
    let mut server = TestServer::configured(&json!({"limits": limits}));
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let office = sign_in(&server, YUNZE, YUNZE.member(Role::Dispatcher).login, PASSWORD);
    let calls = match Engine::chosen() {
        Engine::Sqlite => DURABLE,
        Engine::Postgres => TALK,
    };
    let (mut killed, mut brought) = (0, 0);
    for nth in CALLS {
        let name = format!("call {nth}");
        let request = phone.pushing(Vec::new(), vec![phone.create_visit(&name), phone.day_note(&format!("at {name}"))]);
        let call = call(&phone.bundle(&server, &name, &request, name.as_bytes())).bearer(&office);
        let trap = Trap::set(server.process_id(), calls, nth);
        let answer = send(server.url(), &call);
        drop(trap);
        if answer.is_err() {
            killed += 1;
            server.kill();
            server.restart();
        }
        brought += 1;
        for expected in ["any", "duplicate"] {
            let taken = server.send(&call).expect(200);
            assert!(expected == "any" || taken["counts"] == json!({"duplicate": 3}), "{name}: {taken}");
        }
        let rows = count(server.database_url(), &["intents", "visits", "blobs", "quarantine"]);
        assert_eq!(json!(rows), json!({"intents": 2 * brought, "visits": brought, "blobs": brought, "quarantine": 0}));
        let waiting = count(server.database_url(), &["kept_receipts"])["kept_receipts"];
        assert_eq!(waiting, brought + 1, "one of each bundle's blobs, and one of the batch, which has one name here");
    }
    tell(format_args!("{killed} kills in the middle of an import; {brought} bundles, each brought once"));
    assert!(killed > 3, "the server died {killed} times");
}
