//! `kill -9` in the middle of an import: the same file again completes it, and nothing is there twice.

use std::io::Read as _;
use std::sync::mpsc;
use std::time::Duration;

use integration_tests::play::Story;
use serde_json::json;

use super::{ONCE, assert_all_there, assert_safe_without_sending, exported, text, upload, with_a_day};

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
