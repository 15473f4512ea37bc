//! The office decides about late work: what it accepts counts on every phone and at the server alike, the rest stays out.

use integration_tests::call::Answer;
use integration_tests::play::{Fate, Office, Phone, Story, Visit};
use serde_json::{Value, json};

use super::scene::{answered_late, enrolled};
use super::scripts::CONFIRMED_AT_0910;

/// What came late to a visit, as the office sees it.
fn late_work(office: &Office<'_>, visit: &str) -> Value {
    office.get(&format!("/v1/visits/{visit}/late-work"))
}

/// The operations of late records that wait for a decision.
fn undecided(late: &Value) -> Vec<Value> {
    let records = late["records"].as_array().expect("records").iter();
    records.filter(|record| record["decision"].is_null()).map(|record| record["op"].clone()).collect()
}

fn op_of(late: &Value, key: &str) -> Value {
    let mut records = late["records"].as_array().expect("records").iter();
    records.find(|record| record["key"] == key).unwrap_or_else(|| panic!("{key} in {late}"))["op"].clone()
}

/// Decides; gives the state of the visit with it.
fn decide(office: &Office<'_>, visit: &str, decision: &str, ops: &[Value]) -> Value {
    try_to_decide(office, visit, decision, ops).expect(201)
}

fn try_to_decide(office: &Office<'_>, visit: &str, decision: &str, ops: &[Value]) -> Answer {
    let number = late_work(office, visit)["decisions"].as_array().expect("decisions").len();
    let id = format!("01955f2c-3000-7000-8000-{number:012}");
    let body = json!({"id": id, "decision": decision, "ops": ops, "reason": "交接时已核实"});
    office.post(&format!("/v1/visits/{visit}/late-work"), &body)
}

/// The visits of a list, with how much of each reason waits.
fn listed(office: &Office<'_>, query: &str) -> Vec<Value> {
    let visits = office.list(&format!("/v1/late-work{query}"));
    visits.into_iter().map(|visit| json!([visit["visit_id"], visit["late"]])).collect()
}

/// Map, key and value of records, sorted.
fn told(records: &Value) -> Vec<String> {
    let records = records.as_array().expect("records").iter();
    let mut told: Vec<String> = records.map(|one| format!("{} {} {}", one["map"], one["key"], one["value"])).collect();
    told.sort();
    told
}

/// The phone and the office say the same of a visit: its state, what stays out, what was accepted.
fn agree(office: &Office<'_>, visit: &Visit<'_>) {
    let (shown, late) = (visit.shown(), late_work(office, &visit.id));
    assert_eq!(shown["state"], office.visit(&visit.id)["state"]);
    assert_eq!(shown["heads"], late["heads"]);
    for (here, is_accepted) in [("late", false), ("accepted_late", true)] {
        let there = late["records"].as_array().expect("records").iter().filter(|one| one["is_accepted"] == is_accepted);
        assert_eq!(told(&shown[here]), told(&there.cloned().collect::<Vec<_>>().into()), "{here}: {shown}");
    }
}

/// A visit that one rep confirmed and went on with offline while the office gave it to another, who is on the way.
fn handed_over<'p>(story: &Story, li: &'p Phone<'_>, ma: &'p Phone<'_>) -> [Visit<'p>; 2] {
    story.at("08:30");
    li.sync();
    let visit = li.visit_of("王海");
    visit.plays(CONFIRMED_AT_0910);
    story.at("09:15");
    li.sync();
    visit.plays(
        "09:25 event depart
         09:52 event arrive --lat 30.512340 --lon 113.901220
         09:55 answer cable_entry duct",
    );
    let users = story.office("admin").list("/v1/users");
    let colleague = users.iter().find(|user| user["login"] == "ma.jun").expect("a rep")["id"].clone();
    story.office("dispatcher").change(&visit.id, "assign", &json!({"crew": [colleague]})).expect(200);
    ma.sync();
    let taken_over = ma.visit(&visit.id, "王海");
    taken_over.plays("09:40 event depart");
    ma.sync();
    [visit, taken_over]
}

#[test]
fn work_of_a_rep_who_lost_the_visit_counts_nowhere_until_the_office_accepts_it() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let [li, ma] = ["li.ming", "ma.jun"].map(|login| story.enrol(login));
    let [visit, taken_over] = handed_over(&story, &li, &ma);
    let dispatcher = story.office("dispatcher");
    assert_eq!((&visit.shown()["state"], &taken_over.shown()["state"]), (&json!("arrived"), &json!("en_route")));
    assert_eq!(listed(&dispatcher, ""), Vec::<Value>::new());

    // The first answer is lost; the repeated request is a duplicate, and still says why it was late.
    story.at("12:00");
    assert_ne!(li.tries_to_sync(Fate::LoseAnswers("/v1/sync")).code, Some(0));
    assert_eq!(dispatcher.visit(&visit.id)["state"], "en_route", "stored, and of no effect");
    let said = li.sync();
    assert_eq!(said["late"][0]["late_work"]["reason"], "reassigned", "{said}");
    let note = li.run(&["status", &visit.id]).done();
    assert_eq!((&note["late_work"]["reason"], &note["late_work"]["decisions"]), (&json!("reassigned"), &json!([])));

    assert_eq!(listed(&dispatcher, ""), [json!([&visit.id, [{"reason": "reassigned", "undecided": 3, "total": 3}]])]);
    assert_eq!(listed(&dispatcher, "?reason=reassigned").len(), 1);
    assert_eq!(listed(&dispatcher, "?reason=submitted"), Vec::<Value>::new());
    assert_eq!(listed(&dispatcher, "?state=decided"), Vec::<Value>::new());
    let late = late_work(&dispatcher, &visit.id);
    let [push] = late["brought"].as_array().expect("pushes").as_slice() else { panic!("{late}") };
    assert_eq!((&push["reason"], &push["received_at"]), (&json!("reassigned"), &json!("2025-03-04T04:00:00.000Z")));
    let first = &late["records"][0];
    assert_eq!(
        (&first["reason"], &first["device_id"], &first["by"]),
        (&json!("reassigned"), &push["device_id"], &push["by"])
    );
    assert_eq!(late["people"][first["by"].as_str().expect("who")], "李明");

    ma.sync();
    agree(&dispatcher, &taken_over);
    assert_eq!(taken_over.shown()["state"], "en_route");
    assert!(taken_over.shown()["answers"]["cable_entry"].is_null());

    let done = decide(&dispatcher, &visit.id, "accept", &undecided(&late));
    assert_eq!(done["state"], "arrived");
    assert_eq!(listed(&dispatcher, ""), Vec::<Value>::new());
    assert_eq!(listed(&dispatcher, "?state=decided").len(), 1);
    for phone in [&li, &ma] {
        phone.sync();
    }
    agree(&dispatcher, &taken_over);
    assert_eq!(taken_over.shown()["state"], "arrived");
    assert_eq!(taken_over.shown()["answers"]["cable_entry"]["value"]["value"], "duct");

    // Who brought it reads the decision, in both languages, although the visit has left his phone.
    let note = li.run(&["status", &visit.id]).done();
    let decision = &note["late_work"]["decisions"][0];
    assert_eq!((&decision["decision"], &decision["reason"]), (&json!("accept"), &json!("交接时已核实")));
    assert_eq!(decision["title"], json!({"zh_cn": "办公室已采纳", "en": "the office accepted"}));

    // With the visit back he sees what everybody sees.
    let crew = dispatcher.visit(&visit.id)["crew"][0]["id"].clone();
    let users = story.office("admin").list("/v1/users");
    let rep = users.iter().find(|user| user["login"] == "li.ming").expect("a rep")["id"].clone();
    dispatcher.change(&visit.id, "assign", &json!({"crew": [crew, rep]})).expect(200);
    li.sync();
    agree(&dispatcher, &visit);
    assert_eq!(visit.shown()["answers"], taken_over.shown()["answers"]);
}

#[test]
fn declined_work_of_a_rep_who_lost_the_visit_stays_out_and_what_he_brings_later_is_undecided() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let [li, ma] = ["li.ming", "ma.jun"].map(|login| story.enrol(login));
    let [visit, taken_over] = handed_over(&story, &li, &ma);
    let dispatcher = story.office("dispatcher");
    story.at("12:00");
    li.sync();
    let done = decide(&dispatcher, &visit.id, "decline", &undecided(&late_work(&dispatcher, &visit.id)));
    assert_eq!((&done["state"], undecided(&done["late_work"])), (&json!("en_route"), vec![]));
    assert_eq!(listed(&dispatcher, ""), Vec::<Value>::new());
    for phone in [&ma, &li] {
        phone.sync();
    }
    agree(&dispatcher, &taken_over);
    assert_eq!(taken_over.shown()["state"], "en_route");
    let note = li.run(&["status", &visit.id]).done();
    assert_eq!(note["late_work"]["decisions"][0]["decision"], "decline");

    // A newer decision takes the place of the older one.
    let ops = [op_of(&late_work(&dispatcher, &visit.id), "cable_entry")];
    decide(&dispatcher, &visit.id, "accept", &ops);
    ma.sync();
    agree(&dispatcher, &taken_over);
    assert_eq!(taken_over.shown()["answers"]["cable_entry"]["value"]["value"], "duct");
    assert_eq!(taken_over.shown()["state"], "en_route", "only what was named");
}

// Rule: GEN-14
#[test]
fn what_came_after_the_hand_in_counts_as_far_as_it_is_accepted() {
    let story = Story::begin("2025-03-04");
    let li = enrolled(&story);
    let visit = answered_late(&story, &li);
    let dispatcher = story.office("dispatcher");
    assert_eq!(
        listed(&dispatcher, "?reason=submitted"),
        [json!([&visit.id, [{"reason": "submitted", "undecided": 2, "total": 2}]])]
    );
    agree(&dispatcher, &visit);

    let late = late_work(&dispatcher, &visit.id);
    decide(&dispatcher, &visit.id, "accept", &[op_of(&late, "rating")]);
    decide(&dispatcher, &visit.id, "decline", &[op_of(&late, "satisfied")]);
    li.sync();
    agree(&dispatcher, &visit);
    let review = story.office("reviewer1").review(&visit.id);
    let answer = |question: &str| {
        let answers = review["answers"].as_array().expect("answers");
        answers.iter().find(|one| one["question"] == question).expect("an answer")["value"].clone()
    };
    assert_eq!((answer("rating"), answer("satisfied"), &review["late_records"]), (json!(2), json!(true), &json!(1)));
    assert_eq!(review["state"], "under_review");
    assert_eq!(listed(&dispatcher, ""), Vec::<Value>::new());
    let decisions = visit.shown()["late_work"]["decisions"].clone();
    let titles = decisions.as_array().expect("decisions").iter().map(|one| one["title"]["en"].clone());
    assert_eq!(titles.collect::<Vec<_>>(), ["the office accepted", "the office declined"]);

    // The decision named what it judged: the next write is undecided anew.
    visit.plays("12:30 answer rating 5");
    story.at("12:40");
    li.sync();
    assert_eq!(listed(&dispatcher, ""), [json!([&visit.id, [{"reason": "submitted", "undecided": 1, "total": 3}]])]);
    agree(&dispatcher, &visit);
    let rating = late_work(&dispatcher, &visit.id);
    let records = rating["records"].as_array().expect("records").iter();
    let newest = records.filter(|one| one["key"] == "rating" && one["decision"].is_null()).collect::<Vec<_>>();
    assert_eq!((&newest[0]["value"], &newest[0]["counts"]), (&json!(5), &json!(2)));
}

#[test]
fn what_was_accepted_before_the_approval_cannot_be_declined_after_it() {
    let story = Story::begin("2025-03-04");
    let li = enrolled(&story);
    let visit = answered_late(&story, &li);
    let (dispatcher, reviewer) = (story.office("dispatcher"), story.office("reviewer1"));
    let late = late_work(&dispatcher, &visit.id);
    let [rating, satisfied] = ["rating", "satisfied"].map(|key| op_of(&late, key));
    decide(&dispatcher, &visit.id, "accept", std::slice::from_ref(&rating));
    reviewer.approve(&visit.id);

    let refused = |decision, ops: &[&Value]| {
        let ops: Vec<Value> = ops.iter().copied().cloned().collect();
        try_to_decide(&dispatcher, &visit.id, decision, &ops).outcome()
    };
    let state_invalid = (409, "state_invalid".to_owned());
    assert_eq!(refused("decline", &[&rating]), state_invalid);
    assert_eq!(refused("decline", &[&satisfied, &rating]), state_invalid, "all of it or nothing");
    assert_eq!(refused("accept", &[&satisfied]), state_invalid);
    assert_eq!(late_work(&dispatcher, &visit.id)["decisions"].as_array().map(Vec::len), Some(1));
    // What does not count may be declined: nothing that was approved changes.
    let done = decide(&dispatcher, &visit.id, "decline", &[satisfied]);
    assert_eq!((&done["state"], undecided(&done["late_work"])), (&json!("approved"), vec![]));
    li.sync();
    agree(&dispatcher, &visit);
    assert_eq!(visit.shown()["state"], "approved");
}

#[test]
fn a_verdict_names_the_newest_decision_about_what_counts() {
    let story = Story::begin("2025-03-04");
    let li = enrolled(&story);
    let visit = answered_late(&story, &li);
    let (dispatcher, reviewer) = (story.office("dispatcher"), story.office("reviewer1"));
    let read_before = reviewer.review(&visit.id);
    for photo in read_before["photos"].as_array().expect("photos") {
        reviewer.judge(&visit.id, photo, &[]).expect(201);
    }
    assert!(read_before["last_decision"].is_null());

    // Declining what did not count changes nothing that was read; accepting does, under the same heads.
    let late = late_work(&dispatcher, &visit.id);
    decide(&dispatcher, &visit.id, "decline", &[op_of(&late, "satisfied")]);
    assert!(reviewer.review(&visit.id)["last_decision"].is_null());
    let accepted = decide(&dispatcher, &visit.id, "accept", &[op_of(&late, "rating")]);
    let stale = (412, "stale_content".to_owned());
    assert_eq!(reviewer.decide(&visit.id, &read_before, "approve").outcome(), stale);
    let read_after = reviewer.review(&visit.id);
    assert_eq!((&read_after["heads"], &read_after["state"]), (&read_before["heads"], &json!("under_review")));
    assert_eq!(read_after["last_decision"], accepted["decision"]["id"]);

    let judged = reviewer.decide(&visit.id, &read_after, "approve").expect(201);
    assert_eq!(
        (&judged["state"], &judged["verdict"]["last_decision"]),
        (&json!("approved"), &read_after["last_decision"])
    );
    li.sync();
    agree(&dispatcher, &visit);
    assert_eq!(visit.shown()["state"], "approved");
}
