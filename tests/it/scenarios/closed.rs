//! What comes after the office closed a visit: kept, named to rep and office, and of no effect on what was approved.

use integration_tests::play::{Office, Story, Visit};
use serde_json::{Value, json};

use super::scene::{enrolled, handed_in};

/// What stands in the visit as everybody reads it.
fn what_counts(review: &Value) -> Value {
    let parts = ["state", "outcome", "answers", "readings", "photos", "findings", "blockers"];
    parts.iter().map(|part| json!([part, review[part]])).collect()
}

fn state(visit: &Visit<'_>, office: &Office<'_>) -> [Value; 2] {
    [visit.shown()["state"].clone(), office.visit(&visit.id)["state"].clone()]
}

#[test]
fn work_that_comes_after_the_closing_is_kept_and_changes_nothing_of_what_was_approved() {
    let story = Story::begin("2025-03-04");
    let li = enrolled(&story);
    let ma = story.enrol("ma.jun");
    let dispatcher = story.office("dispatcher");
    let users = story.office("admin").list("/v1/users");
    let id_of = |login: &str| users.iter().find(|user| user["login"] == login).expect("a rep")["id"].clone();
    let id = li.visit_of("王海").id;
    let crew = json!({"crew": [id_of("li.ming"), id_of("ma.jun")]});
    dispatcher.change(&id, "assign", &crew).expect(200);
    ma.sync();

    // The colleague writes early and is out of reach until the evening.
    let of_ma = ma.visit(&id, "王海");
    of_ma.plays(
        "09:06 answer rating 2
               answer cable_kind bow_self_supporting
               measure optical_power -31.00 --instrument PM-100-0042
               photo outdoor_route
               note 走廊弱电井已查看",
    );
    let of_li = handed_in(&story, &li);
    let reviewer = story.office("reviewer1");
    reviewer.approve(&id);
    dispatcher.change(&id, "close", &json!({})).expect(200);
    li.sync();
    let approved = reviewer.review(&id);
    assert_eq!(state(&of_li, &dispatcher), ["closed", "closed"]);

    story.at("18:00");
    let said = ma.sync();
    assert_eq!(said["late"][0]["late_work"]["reason"], "closed", "{said}");
    assert_eq!(ma.outstanding(), 0);
    li.sync();
    let after = reviewer.review(&id);
    assert_eq!(what_counts(&after), what_counts(&approved));
    for visit in [&of_li, &of_ma] {
        let shown = visit.shown();
        assert_eq!(state(visit, &dispatcher), ["closed", "closed"], "{shown}");
        let late = shown["late"].as_array().expect("late records");
        let maps: Vec<&str> = late.iter().map(|one| one["map"].as_str().expect("a map")).collect();
        assert_eq!(maps, ["answers", "answers", "measures", "notes", "photos", "pins"], "{late:?}");
        assert!(late.iter().all(|one| one["reason"] == "closed"), "{late:?}");
        assert_eq!(shown["heads"], story.heads(&id));
    }
    assert_ne!(after["heads"], approved["heads"], "all of it is here");

    // The office sees what came, and leaves what was approved as it stood.
    let late = dispatcher.get(&format!("/v1/visits/{id}/late-work"));
    assert_eq!(late["brought"][0]["reason"], "closed", "{late}");
    let inbox = dispatcher.list("/v1/late-work?reason=closed");
    assert_eq!(inbox[0]["late"], json!([{"reason": "closed", "undecided": 6, "total": 6}]));
    let ops: Vec<&Value> = late["records"].as_array().expect("records").iter().map(|record| &record["op"]).collect();
    let decide = |number: i32, decision: &str| {
        let id_of_decision = format!("01955f2c-3000-7000-8000-{number:012}");
        let body = json!({"id": id_of_decision, "decision": decision, "ops": ops, "reason": "已关闭"});
        dispatcher.post(&format!("/v1/visits/{id}/late-work"), &body)
    };
    assert_eq!(decide(1, "accept").outcome(), (409, "state_invalid".to_owned()));
    assert_eq!(decide(2, "decline").expect(201)["state"], "closed");
    story.administer(&["verify"]);
}
