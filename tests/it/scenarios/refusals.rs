//! What a phone refuses at once, so that nobody learns it a day later from the office.

use integration_tests::play::{Office, Phone, Story, Visit};
use serde_json::{Value, json};

use super::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, work};

/// A visit whose rep is on the way.
fn on_the_way<'p>(story: &Story, phone: &'p Phone<'p>) -> Visit<'p> {
    story.at("08:30");
    phone.sync();
    let visit = phone.visit_of("王海");
    visit.plays(CONFIRMED_AT_0910);
    visit.plays("09:25 event depart");
    visit
}

/// The rest of S-01, from the door to the form.
fn do_the_work(visit: &Visit<'_>) {
    visit.plays(LET_IN);
    visit.plays(&work("bow_drop"));
    visit.plays(&line_test("-18.30", "512.4"));
    visit.plays(INSTRUCTED);
}

/// Rejects the photo of a slot with a comment and returns the visit.
fn give_back(reviewer: &Office<'_>, visit: &Visit<'_>, slot: &str) {
    let review = reviewer.review(&visit.id);
    for photo in review["photos"].as_array().expect("photos") {
        let missing: &[&str] = if photo["slot"] == slot { &["whole_splitter"] } else { &[] };
        reviewer.judge(&visit.id, photo, missing).expect(201);
    }
    let returned = reviewer.decide(&visit.id, &review, "return").expect(201);
    assert_eq!(returned["state"], "returned");
}

fn blockers(visit: &Visit<'_>, line: &str) -> Vec<Value> {
    let heads = visit.shown()["heads"].clone();
    let said = visit.tries(line);
    assert_eq!(said.code, Some(2), "{line}: {said:?}");
    assert_eq!(visit.shown()["heads"], heads, "{line} wrote something");
    said.json["blockers"].as_array().expect("blockers").clone()
}

#[test]
fn an_arrival_without_position_or_reason_is_refused_and_the_visit_goes_on_after_the_remedy() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol("li.ming");
    let visit = on_the_way(&story, &li);
    let refused = blockers(&visit, "09:52 event arrive");
    assert_eq!(refused[0]["code"], "guard_unmet");
    let text = &refused[0]["text"];
    assert!(text["en"].as_str().is_some_and(|text| text.ends_with("give --lat and --lon, or --reason")), "{text}");
    assert!(text["zh-CN"].as_str().is_some_and(|text| text.ends_with("请加 --lat 和 --lon，或 --reason")), "{text}");
    assert_eq!(blockers(&visit, "event enter")[0]["code"], "event_without_transition");

    visit.plays("event arrive --reason 地下室无信号");
    do_the_work(&visit);
    visit.plays(ACCEPTED);
    visit.plays("11:20 finish");
    li.sync();
    assert_eq!(story.office("dispatcher").visit(&visit.id)["state"], "under_review");
}

#[test]
fn an_arrival_captured_anyway_has_no_effect_at_the_office_either() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol("li.ming");
    let visit = on_the_way(&story, &li);
    visit.plays("09:52 event arrive --anyway");
    li.sync();
    assert_eq!(story.office("dispatcher").visit(&visit.id)["state"], "en_route");
    let waiting = blockers(&visit, "finish");
    let last = waiting.last().expect("a blocker");
    assert!(last["text"]["en"].as_str().is_some_and(|text| text.contains("`arrive` has no effect yet")), "{last}");
}

#[test]
fn a_returned_visit_wants_new_work_and_what_comes_after_it_is_late() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol("li.ming");
    let visit = on_the_way(&story, &li);
    visit.plays("09:52 event arrive --lat 30.512340 --lon 113.901220");
    do_the_work(&visit);
    visit.plays(ACCEPTED);
    visit.plays("11:20 finish");
    li.sync();
    let reviewer = story.office("reviewer1");
    give_back(&reviewer, &visit, "splitter_label");

    story.at("13:00");
    li.sync();
    let refused = blockers(&visit, "finish");
    assert_eq!((refused.len(), &refused[0]["code"]), (1, &json!("missing_rework")), "{refused:?}");
    assert_eq!(visit.shown()["rework"][0]["answered"], false);
    li.sync();
    assert_eq!(reviewer.visit(&visit.id)["state"], "returned", "nothing was handed in");

    let bad = visit.photo_in("splitter_label");
    let taken = visit.tries(&format!("13:05 photo splitter_label --replaces {bad}")).done();
    assert_eq!(taken["late"], json!([]));
    visit.plays("13:06 finish");
    li.sync();
    assert_eq!(reviewer.visit(&visit.id)["state"], "under_review");
    let late = visit.tries("13:10 photo splitter_label").done();
    let told = late["late"].as_array().expect("what came late");
    assert_eq!(told.len(), 1, "told at once: {told:?}");
    assert_eq!((&told[0]["map"], &told[0]["key"]), (&json!("photos"), &late["photo"]["id"]));
    li.sync();
    assert_eq!(reviewer.review(&visit.id)["late_records"], 1, "phone and office agree");
}
