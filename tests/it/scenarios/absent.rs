//! S-04: nobody at home.

use integration_tests::play::Story;
use serde_json::{Value, json};

use super::scripts::{AT_A_CLOSED_DOOR, CONFIRMED_AT_1305, DOOR_NOTE_LEFT};

// Rules: APT-06, APT-07, APT-08, APT-09
#[test]
fn s04_an_absent_customer_gets_a_door_note_and_comes_first_the_next_day() {
    let story = Story::begin("2025-03-04");
    story.at("13:00");
    let li = story.enrol("li.ming");
    li.sync();
    let visit = li.visit_of("赵敏");
    visit.plays(CONFIRMED_AT_1305);
    visit.plays(AT_A_CLOSED_DOOR);
    visit.plays(DOOR_NOTE_LEFT);
    assert_eq!(visit.shown()["may_leave_at"], "2025-03-04T06:08:00.000Z");

    let early = visit.tries("14:07 event give_up");
    assert_eq!((early.code, &early.json["recorded"]), (Some(2), &json!(false)), "{early:?}");
    assert_eq!((&early.json["state"], &early.json["blockers"][0]["code"]), (&json!("waiting"), &json!("guard_unmet")));
    let why = early.json["blockers"][0]["text"]["en"].as_str().expect("a text");
    assert!(why.contains("the waiting time is not over"), "{why}");
    visit.plays("14:08 event give_up");
    assert_eq!(visit.shown()["state"], "no_show");

    story.at("14:10");
    li.sync();
    let dispatcher = story.office("dispatcher");
    let seen = dispatcher.visit(&visit.id);
    assert_eq!((&seen["state"], &seen["outcome"]), (&json!("under_review"), &json!("no_show")));
    let outcome = &visit.shown()["outcome"];
    assert_eq!(outcome["reason"], "敲门无人应答，电话两次未接");
    let review = story.office("reviewer1").review(&visit.id);
    assert_eq!((&review["outcome"], &review["blockers"]), (&json!("no_show"), &json!([])));
    assert_eq!(review["photos"][0]["slot"], "door_note");

    let start = "2025-03-05T09:00:00+08:00";
    let crew: Vec<&Value> = seen["crew"].as_array().expect("a crew").iter().map(|member| &member["id"]).collect();
    let body = json!({"crew": crew, "appointment": {"start": start, "proposed_by": "customer"}});
    let path = format!("/v1/visits/{}/next-attempt", visit.id);
    let next = dispatcher.post(&path, &body).expect(201);
    assert_eq!((&next["attempt"], &next["previous_visit_id"]), (&json!(2), &json!(visit.id)));
    assert_eq!(dispatcher.post(&path, &body).outcome(), (409, "conflict".to_owned()), "one next attempt");

    // An earlier appointment of the same rep that day: the second attempt still comes first (F-38).
    let order = another_order(&story, "S-06");
    let earlier = json!({"work_order_id": order["id"], "template": "broadband_repair", "crew": crew,
        "appointment": {"start": "2025-03-05T08:30:00+08:00", "proposed_by": "customer"}});
    dispatcher.post("/v1/visits", &earlier).expect(201);
    let board = dispatcher.get("/v1/day-board?date=2025-03-05");
    let lines = board["lines"].as_array().expect("lines");
    let line = lines.iter().find(|line| line["rep_name"] == "李明").expect("the line of the rep");
    let customers: Vec<&Value> =
        line["visits"].as_array().expect("visits").iter().map(|visit| &visit["customer"]).collect();
    assert_eq!(customers, [&json!("赵敏"), &json!("周婷")]);

    story.on("2025-03-05");
    story.at("08:00");
    li.sync();
    let today = li.visits(&["list"]);
    let second = today.iter().find(|listed| listed["visit"] == next["id"]).expect("the second attempt is on the phone");
    assert_eq!((&second["attempt"], &second["state"]), (&json!(2), &json!("scheduled")));
}

// Rules: APT-08, NOT-07
#[test]
fn a_phone_without_a_network_prints_the_note_that_the_office_shows_later() {
    let story = Story::begin("2025-03-04");
    story.at("13:00");
    let li = story.enrol("li.ming");
    li.sync();
    let visit = li.visit_of("赵敏");
    visit.plays(CONFIRMED_AT_1305);
    let early = li.run(&["door-note", &visit.id]);
    assert_eq!(early.code, Some(1), "{early:?}");
    assert!(early.errors.contains("nobody waits for an absent customer"), "{early:?}");
    visit.plays(AT_A_CLOSED_DOOR);
    let printed = li.run(&["door-note", &visit.id]).done()["door_note"].clone();
    let text = printed["text"].as_str().expect("a text");
    for line in [
        "温馨提醒",
        "到达时间：2025年3月4日 13:53",
        "离开时间：2025年3月4日 14:08",
        "联系电话：000-0000-0001",
        "联系人：李明",
        "2025年3月4日",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} in {text}");
    }
    assert!(text.contains("赵敏") && text.contains("云泽示例通信"), "{text}");
    let english = li.run(&["door-note", &visit.id, "--language", "en"]).done();
    assert!(english["door_note"]["text"].as_str().expect("a text").contains("Left: 2025-03-04 14:08"), "{english}");
    visit.plays(DOOR_NOTE_LEFT);
    li.sync();
    let shown = story.office("dispatcher").get(&format!("/v1/visits/{}/door-note", visit.id));
    assert_eq!(shown["text"], printed["text"]);
}

#[test]
fn a_phone_shows_a_visit_as_received_only_when_the_server_has_all_of_it() {
    let story = Story::begin("2025-03-04");
    story.at("13:00");
    let li = story.enrol("li.ming");
    li.sync();
    let visit = li.visit_of("赵敏");
    visit.plays(CONFIRMED_AT_1305);
    visit.plays(AT_A_CLOSED_DOOR);
    story.at("13:56");
    li.sync();
    // All evidence of what there is so far has arrived.
    assert!(story.office("dispatcher").visit(&visit.id)["evidence_complete_at"].is_string());
    visit.plays(DOOR_NOTE_LEFT);
    visit.plays("14:08 event give_up");
    assert_eq!(visit.shown()["state"], "no_show");
    story.at("14:10");
    li.sync();
    let states = [&visit.shown()["state"], &story.office("dispatcher").visit(&visit.id)["state"]].map(Clone::clone);
    assert_eq!(states, ["under_review", "under_review"]);
}

/// A repair for the customer of a scenario.
fn another_order(story: &Story, reference: &str) -> Value {
    let dispatcher = story.office("dispatcher");
    let orders = dispatcher.list("/v1/work-orders");
    let known = orders.iter().find(|order| order["external_ref"] == reference);
    let known = known.unwrap_or_else(|| panic!("no order {reference}"));
    let order = json!({"customer_id": known["customer_id"], "site_id": known["site_id"], "type": "repair",
        "channel": "hotline"});
    dispatcher.post("/v1/work-orders", &order).expect(201)
}
