//! A network that stalls while the phone renews its session does not end the rep's sign-in.

use integration_tests::play::{Phone, Story};
use serde_json::{Value, json};

/// Syncs while each of the first refreshes is under way for longer than a nonce lives; tells what was asked for.
fn stalls(story: &Story, phone: &Phone<'_>, times: &[&str]) -> (Value, Vec<String>) {
    let (mut left, mut asked) = (times.iter(), Vec::new());
    let said = phone.sync_seen(|path| {
        if let Some(time) = (path == "/v1/auth/refresh").then(|| left.next()).flatten() {
            story.at(time);
        }
        asked.extend(path.strip_prefix("/v1/auth/").map(str::to_owned));
    });
    (said.done(), asked)
}

#[test]
fn a_phone_whose_answer_to_a_nonce_came_too_late_answers_another_and_goes_on_reading() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol("li.ming");
    li.sync();
    let visit = li.visit_of("王海");
    visit.plays("08:40 start");

    story.at("12:00");
    let (said, asked) = stalls(&story, &li, &["12:06"]);
    assert_eq!(asked, ["nonces", "refresh", "nonces", "refresh"]);
    assert_eq!((&said["upload_only"], &said["outstanding"]["total"]), (&json!(false), &json!(0)), "{said}");

    // Twice in one sync: the work is sent all the same, and the next sync finds its way back.
    visit.plays("14:00 step kit_check");
    let (said, asked) = stalls(&story, &li, &["14:06", "14:12"]);
    assert_eq!(asked, ["nonces", "refresh", "nonces", "refresh", "nonces", "upload-tokens"]);
    assert_eq!((&said["upload_only"], &said["outstanding"]["total"]), (&json!(true), &json!(0)), "{said}");
    let (said, asked) = stalls(&story, &li, &[]);
    assert_eq!((asked, &said["upload_only"]), (vec!["nonces".to_owned(), "refresh".to_owned()], &json!(false)));
}
