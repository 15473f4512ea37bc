//! The office changes its mind while the rep works offline: the work is kept as late, and the rep is told why.

use integration_tests::play::{Story, Visit};
use serde_json::{Value, json};

const WORK: &str = "
    09:00 start
          step kit_check
          contact --channel app_call --result reached
          answer contact_result confirmed
          event confirm_call
          photo outdoor_route
          note 走廊弱电井已查看";

/// The reason a visit came late, as `status` lists it and as the visit shows it.
fn reason(visit: &Visit<'_>, status: &Value) -> Value {
    let shown = visit.shown();
    let troubles = status["troubles"].as_array().expect("troubles");
    let listed = troubles.iter().find(|one| one["kind"] == "late" && one["id"] == json!(visit.id));
    let listed = listed.unwrap_or_else(|| panic!("{} is not in {troubles:?}", visit.id));
    assert_eq!(listed["late_work"], shown["late_work"]);
    assert_eq!(listed["code"], shown["late_work"]["reason"]);
    assert!(["zh_cn", "en"].iter().all(|language| shown["late_work"]["title"][*language].is_string()), "{shown}");
    shown["late_work"]["reason"].clone()
}

/// Whether every head that a phone had captured is among the others.
fn has_all(heads: &Value, captured: &Value) -> bool {
    let heads = heads.as_array().expect("heads");
    captured["heads"].as_array().expect("heads").iter().all(|head| heads.contains(head))
}

#[test]
fn work_on_a_visit_that_was_given_away_or_cancelled_is_kept_and_the_rep_learns_why() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let [li, ma] = ["li.ming", "ma.jun"].map(|login| story.enrol(login));
    li.sync();
    let [given, cancelled] = ["王海", "赵敏"].map(|customer| li.visit_of(customer));
    given.plays(WORK);
    cancelled.plays(WORK);
    let captured = [&given, &cancelled].map(Visit::shown);

    // Meanwhile: one visit goes to a colleague, who begins it too, and the other one is called off.
    let dispatcher = story.office("dispatcher");
    let users = story.office("admin").list("/v1/users");
    let colleague = users.iter().find(|user| user["login"] == "ma.jun").expect("a rep")["id"].clone();
    dispatcher.change(&given.id, "assign", &json!({"crew": [colleague]})).expect(200);
    dispatcher.change(&cancelled.id, "cancel", &json!({"reason": "用户取消订单"})).expect(200);
    ma.sync();
    let taken_over = ma.visit(&given.id, "王海");
    taken_over.plays("09:30 start\n note 马骏接手");
    ma.sync();

    let visits_before = dispatcher.list("/v1/visits").len();

    story.at("12:00");
    let blobs_before = story.rows(&["blobs"])["blobs"];
    let said = li.sync();
    assert_eq!(said["late"].as_array().map(Vec::len), Some(2), "{said}");
    let status = li.run(&["status"]).done();
    assert_eq!(reason(&given, &status), "reassigned");
    assert_eq!(reason(&cancelled, &status), "cancelled");
    assert_eq!((&given.shown()["is_gone"], li.outstanding()), (&json!(true), 0));
    assert_eq!(cancelled.shown()["state"], "cancelled");
    let number = &captured[0]["number"];
    let by_number = li.run(&["status", number.as_str().expect("a number")]).done();
    assert_eq!(by_number["late_work"]["reason"], "reassigned", "also by its number");

    for (visit, captured) in [&given, &cancelled].into_iter().zip(&captured) {
        assert!(has_all(&story.heads(&visit.id), captured), "the server has every change");
        assert_eq!(dispatcher.visit(&visit.id)["missing_blobs"], 0);
    }
    assert_eq!(story.rows(&["blobs"])["blobs"], blobs_before + 2, "and both photos");

    // Neither becomes a visit of its own.
    assert_eq!(dispatcher.list("/v1/visits").len(), visits_before);

    // Who has the visit now has all of it.
    ma.sync();
    let seen = taken_over.shown();
    assert_eq!(seen["heads"], story.heads(&given.id));
    assert!(has_all(&seen["heads"], &captured[0]), "{seen}");
    assert_eq!(seen["notes"], "马骏接手");
    // What the first rep brought stands apart there, until the office accepts it.
    let photo = &captured[0]["photos"][0]["value"]["sha256"];
    let late = seen["late"].as_array().expect("late records");
    assert!(late.iter().any(|one| one["map"] == "photos" && one["value"]["sha256"] == *photo), "{seen}");
    let note = late.iter().find(|one| one["map"] == "notes").expect("what was added to the notes");
    assert!(note["value"]["added"].as_str().is_some_and(|text| text.contains("走廊弱电井已查看")), "{note}");
    assert!(late.iter().all(|one| one["reason"] == "reassigned") && seen["photos"] == json!([]), "{seen}");
    assert_eq!(seen["late_work"], Value::Null, "nothing of this phone was late");
}
