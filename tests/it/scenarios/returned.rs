//! S-06: a photo that does not show all it must.

use integration_tests::play::Story;
use serde_json::{Value, json};

use super::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, work};

fn photo_in<'r>(review: &'r Value, slot: &str) -> &'r Value {
    let photos = review["photos"].as_array().expect("photos");
    photos.iter().find(|photo| photo["slot"] == slot).unwrap_or_else(|| panic!("no photo in {slot}: {photos:?}"))
}

// Rule: INS-33
#[test]
fn s06_only_the_rejected_slot_opens_again_and_only_its_photo_is_judged_again() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let xu = story.enrol("xu.nuo");
    xu.sync();
    let visit = xu.visit_of("周婷");
    visit.plays(CONFIRMED_AT_0910);
    visit.plays(
        "14:50 event depart
         15:22 event arrive --lat 30.515420 --lon 113.908760",
    );
    visit.plays(LET_IN);
    visit.plays(&work("bow_drop"));
    visit.plays(&line_test("-20.11", "300.0"));
    visit.plays(INSTRUCTED);
    visit.plays(ACCEPTED);
    visit.plays("16:40 finish");
    story.at("16:45");
    xu.sync();

    let reviewer = story.office("reviewer1");
    let review = reviewer.review(&visit.id);
    let rejected = photo_in(&review, "splitter_label").clone();
    for photo in review["photos"].as_array().expect("photos") {
        let missing: &[&str] = if photo["slot"] == "splitter_label" { &["whole_splitter"] } else { &[] };
        reviewer.judge(&visit.id, photo, missing).expect(201);
    }
    assert_eq!(reviewer.decide(&visit.id, &review, "approve").outcome(), (409, "state_invalid".to_owned()));
    let returned = reviewer.decide(&visit.id, &review, "return").expect(201);
    assert_eq!(returned["state"], "returned");
    let slots = returned["rework"]["slots"].as_array().expect("slots");
    assert_eq!((slots.len(), &slots[0]["slot"]), (1, &json!("splitter_label")));

    story.at("17:00");
    xu.sync();
    let shown = visit.shown();
    assert_eq!((&shown["state"], &shown["reopened_slots"]), (&json!("returned"), &json!(["splitter_label"])));
    let late_before = shown["late"].as_array().expect("late").len();

    // Only that slot: a note in the wrong place is kept, and counts as late.
    visit.plays("17:05 answer customer_remarks 补充说明");
    let replaced = visit.photo_in("splitter_label");
    visit.plays(&format!(
        "17:10 photo splitter_label --replaces {replaced}
         17:12 finish"
    ));
    let shown = visit.shown();
    let late: Vec<&Value> = shown["late"].as_array().expect("late").iter().skip(late_before).collect();
    assert_eq!(late.len(), 1, "{late:?}");
    assert_eq!((&late[0]["map"], &late[0]["key"]), (&json!("answers"), &json!("customer_remarks")));
    story.at("17:15");
    xu.sync();
    assert_eq!(visit.shown()["late_work"]["reason"], "submitted");

    let stale = reviewer.judge(&visit.id, &rejected, &[]);
    assert_eq!(stale.outcome(), (412, "stale_content".to_owned()));
    let review = reviewer.review(&visit.id);
    assert_eq!((&review["state"], &review["late_records"]), (&json!("under_review"), &json!(1)));
    let fresh = photo_in(&review, "splitter_label");
    assert_ne!(fresh["sha256"], rejected["sha256"]);
    assert_eq!(fresh["replaces"], json!(replaced));
    assert_eq!(reviewer.approve(&visit.id), 1, "only the new photo awaits a verdict");
    assert_eq!(reviewer.visit(&visit.id)["state"], "approved");
    let decided = reviewer.history(&visit.id);
    let first_round = ["photo approve", "photo reject", "photo approve", "photo approve", "visit return"];
    assert_eq!(decided, [&first_round[..], &["photo approve", "visit approve"]].concat());
    xu.sync();
    assert_eq!(visit.shown()["state"], "approved");
}
