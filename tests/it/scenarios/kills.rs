//! `kill -9` of phone and server at any moment: the same final state as without.

use std::time::Duration;

use integration_tests::play::{Phone, Story, Visit};
use serde_json::{Value, json};

use super::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, work};

/// The whole of S-01.
fn script() -> String {
    let way = "
        09:25 event depart
        09:52 event arrive --lat 30.512340 --lon 113.901220";
    let (work, test) = (work("bow_drop"), line_test("-18.30", "512.4"));
    [CONFIRMED_AT_0910, way, LET_IN, &work, &test, INSTRUCTED, ACCEPTED, "11:20 finish"].join("\n")
}

/// Moments from at once to longer than a command takes.
fn moments() -> impl Iterator<Item = Duration> {
    [0, 3, 9, 20, 35, 60, 100, 170].into_iter().cycle().map(Duration::from_millis)
}

fn enrolled(story: &Story) -> Phone<'_> {
    story.at("08:30");
    let phone = story.enrol("li.ming");
    phone.sync();
    phone
}

/// The first sync brings everything to the server; of what followed from the last photo the second one tells.
fn see_all_stored(phone: &Phone<'_>) {
    phone.sync();
    phone.sync();
}

/// What the office has of the visit, without what differs from run to run.
fn office(story: &Story, visit: &Visit<'_>) -> Value {
    let review = story.office("reviewer1").review(&visit.id);
    assert_eq!(visit.shown()["heads"], review["heads"], "phone and server have the same history");
    let photos: Vec<Value> = review["photos"].as_array().expect("photos").iter().map(without_ids).collect();
    let statements = review["statements"].as_array().map(Vec::len);
    json!({"state": review["state"], "photos": photos, "readings": review["readings"], "answers": review["answers"],
        "blockers": review["blockers"], "findings": review["findings"], "late": review["late_records"],
        "missing": review["missing_blobs"], "statements": statements, "submitted_at": review["submitted_at"]})
}

fn without_ids(photo: &Value) -> Value {
    // Previews are made in the background: whether they are ready yet says nothing about what was captured.
    json!([photo["slot"], photo["sha256"], photo["taken_at"], photo["is_received"]])
}

/// What phone and office have after a visit and a sync that nothing disturbed.
fn undisturbed() -> [Value; 2] {
    let story = Story::begin("2025-03-04");
    let phone = enrolled(&story);
    let visit = phone.visit_of("王海");
    visit.plays(&script());
    story.at("11:30");
    see_all_stored(&phone);
    assert_eq!(visit.record()["state"], "under_review");
    [visit.record(), office(&story, &visit)]
}

#[test]
fn a_phone_killed_in_the_middle_of_its_commands_and_syncs_loses_and_repeats_nothing() {
    let story = Story::begin("2025-03-04");
    let phone = enrolled(&story);
    let visit = phone.visit_of("王海");
    let kills = visit.plays_through_kills(&script(), moments());
    assert!(kills > 0, "every command was quicker than every moment");
    assert_eq!(visit.record()["state"], "submitted");

    story.at("11:30");
    let kill = |child: &mut std::process::Child| child.kill().expect("the phone can be killed");
    let cut = moments().enumerate().take_while(|(request, moment)| phone.sync_until(*request, *moment, kill)).count();
    assert!(cut > 2, "the sync was cut {cut} times");
    see_all_stored(&phone);
    assert_eq!([visit.record(), office(&story, &visit)], undisturbed());
}

#[test]
fn a_server_killed_in_the_middle_of_a_sync_loses_and_repeats_nothing() {
    let story = Story::begin("2025-03-04");
    let phone = enrolled(&story);
    let visit = phone.visit_of("王海");
    visit.plays(&script());

    story.at("11:30");
    let kill = |_phone: &mut std::process::Child| story.kill_server();
    let mut cut = 0;
    for (request, moment) in moments().enumerate() {
        if !phone.sync_until(request, moment, kill) {
            break;
        }
        cut += 1;
        story.restart_server();
    }
    assert!(cut > 2, "the sync was cut {cut} times");
    see_all_stored(&phone);
    assert_eq!([visit.record(), office(&story, &visit)], undisturbed());
}
