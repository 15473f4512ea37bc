//! What a rep writes after handing in: kept and named to the reviewer, and of no effect (rulebook GEN-14).

use integration_tests::play::Story;
use serde_json::{Value, json};

use super::scene::{enrolled, handed_in, signed};

fn answer<'r>(review: &'r Value, question: &str) -> &'r Value {
    let mut answers = review["answers"].as_array().expect("answers").iter();
    &answers.find(|answer| answer["question"] == question).unwrap_or_else(|| panic!("no answer {question}"))["value"]
}

/// The late records of a map: key, what it says, what counts.
fn late(review: &Value, map: &str) -> Vec<Value> {
    let of_map = review["late"].as_array().expect("late").iter().filter(|one| one["map"] == map);
    of_map.map(|one| json!([one["key"], one["value"], one["counts"]])).collect()
}

/// Subjects of what differs from the signed form.
fn changed(findings: &Value) -> Vec<&str> {
    let findings = findings.as_array().expect("findings").iter();
    let changed = findings.filter(|one| one["code"] == "changed_after_signing");
    changed.map(|one| one["subject"].as_str().expect("a subject")).collect()
}

#[test]
fn answers_and_ticks_written_after_hand_in_are_named_and_do_not_count() {
    let story = Story::begin("2025-03-04");
    let li = enrolled(&story);
    let visit = handed_in(&story, &li);
    let reviewer = story.office("reviewer1");
    let handed_in = reviewer.review(&visit.id);
    assert_eq!((&handed_in["late_records"], &handed_in["late"]), (&json!(0), &json!([])));

    // Undone, done again, and undone once more: each write is named, and what was handed in counts.
    visit.plays(
        "12:00 answer rating 2
               answer satisfied false
               step kit_check --undo
         12:05 answer rating 10
               step kit_check
               step kit_check --undo",
    );
    story.at("12:10");
    li.sync();
    let review = reviewer.review(&visit.id);
    for same in ["state", "outcome", "answers", "blockers", "findings", "readings"] {
        assert_eq!(review[same], handed_in[same], "{same}");
    }
    assert_eq!((answer(&review, "rating"), &review["blockers"]), (&json!(9), &json!([])));
    let verdicts = |review: &Value| -> Vec<Value> {
        let traces = review["traces"].as_array().expect("traces").iter();
        traces.map(|trace| json!([trace["rule"], trace["verdict"]])).collect()
    };
    assert_eq!(verdicts(&review), verdicts(&handed_in));

    let answers = [json!(["rating", 2, 9]), json!(["rating", 10, 9]), json!(["satisfied", false, true])];
    assert_eq!(late(&review, "answers"), answers);
    let ticks = late(&review, "ticks");
    assert!(!ticks.is_empty() && ticks.iter().all(|tick| tick[2] == json!(true)), "{ticks:?}");
    assert_eq!(review["late_records"], json!(answers.len() + ticks.len()));
    let first = &review["late"][0];
    assert_eq!(first["by"], handed_in["plan"]["crew"][0], "{first}");
    assert_eq!(first["at"], "2025-03-04T04:00:00.000Z", "{first}");

    assert_eq!(reviewer.approve(&visit.id), 4);
    assert_eq!(reviewer.visit(&visit.id)["state"], "approved");
}

#[test]
fn what_changed_between_signing_and_hand_in_is_named_to_rep_and_reviewer() {
    let story = Story::begin("2025-03-04");
    let li = enrolled(&story);
    let visit = signed(&li);
    assert_eq!(changed(&visit.shown()["findings"]), Vec::<&str>::new());

    let replaced = visit.photo_in("splitter_label");
    visit.plays(&format!(
        "11:10 answer rating 3
               measure optical_power -19.00 --instrument PM-100-0042
               photo splitter_label --replaces {replaced}"
    ));
    let new = visit.photo_in("splitter_label");
    let mut expected = [
        "answers/rating".to_owned(),
        "measures/optical_power".to_owned(),
        format!("photos/{replaced}"),
        format!("photos/{new}"),
    ];
    expected.sort();
    let sorted = |findings: &Value| {
        let mut subjects = changed(findings).into_iter().map(str::to_owned).collect::<Vec<_>>();
        subjects.sort();
        subjects
    };
    assert_eq!(sorted(&visit.shown()["findings"]), expected);
    let finished = visit.tries("11:20 finish").done();
    assert_eq!((&finished["finished"], sorted(&finished["warnings"])), (&json!(true), expected.to_vec()));
    story.at("11:30");
    li.sync();
    let review = story.office("reviewer1").review(&visit.id);
    assert_eq!((sorted(&review["findings"]), &review["late_records"]), (expected.to_vec(), &json!(0)));
    let rating = review["findings"].as_array().expect("findings").iter().find(|one| one["subject"] == "answers/rating");
    assert_eq!(rating.expect("a finding")["detail"], "9 when signed, 3 now");
}
