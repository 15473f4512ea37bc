//! Rules over values that stand side by side: judged for each of them, and left to a person where they differ.

use crate::support::{Story, at, install};
use serde_json::{Value, json};
use sync_core::bytes::Actor;
use sync_core::doc::schema::MergePolicy;
use sync_core::merge::view::{Conflict, Entry, OpId};
use sync_core::rules::{Verdict, findings};

const NOTHING: [&str; 0] = [];

fn subjects(story: &Story, outcome: &str) -> Vec<String> {
    story.blockers(outcome).into_iter().map(|blocker| format!("{} {}", blocker.code, blocker.subject)).collect()
}

/// What findings say of choices, as `code subject`.
fn choices(story: &Story) -> Vec<String> {
    let found = findings(&story.facts()).into_iter().filter(|finding| finding.code.ends_with("needs_choice"));
    found.map(|finding| format!("{} {}", finding.code, finding.subject)).collect()
}

fn done() -> Story {
    let mut story = install();
    story.arrives().works().hands_in();
    story
}

/// Makes the value of a key concurrent with others.
fn conflict(story: &mut Story, map: &str, key: &str, values: &[Value]) {
    conflict_under(MergePolicy::Newest, story, map, key, values);
}

fn conflict_under(policy: MergePolicy, story: &mut Story, map: &str, key: &str, values: &[Value]) {
    let op = OpId { counter: 1, actor: Actor([1; 16]) };
    let candidates = values.iter().map(|value| Entry { key: key.to_owned(), value: value.clone(), op });
    story.view.conflicts.push(Conflict {
        map: map.into(),
        key: key.into(),
        candidates: candidates.collect(),
        policy,
        chosen: op,
        choice: None,
    });
}

#[test]
fn concurrent_values_need_a_choice_only_where_they_change_the_verdict() {
    let mut story = done();
    conflict(&mut story, "answers", "satisfied", &[json!({"value": true}), json!({"value": false})]);
    let trace = story.trace("INS-37", "completed");
    assert_eq!(trace.verdict, Verdict::NeedsChoice);
    assert!(trace.text.en.contains("answers/satisfied"), "names the field: {}", trace.text.en);
    let both = ["missing_question improvement_note", "needs_choice INS-37"];
    assert_eq!(subjects(&story, "completed"), both, "the note is needed for one of the two");

    let mut story = done();
    conflict(&mut story, "answers", "satisfied", &[json!({"value": true}), json!({"value": true})]);
    assert_eq!(story.verdict_of("INS-37"), Verdict::Pass);
    let readings = |dbm: [&str; 2]| {
        let mut story = done();
        let values = dbm.map(|value| json!({"value": value, "unit": "dBm"}));
        conflict(&mut story, "measures", "optical_power", &values);
        story.verdict_of("INS-22")
    };
    assert_eq!(readings(["-18.30", "-20.00"]), Verdict::Pass);
    assert_eq!(readings(["-26.00", "-18.30"]), Verdict::NeedsChoice);
}

#[test]
fn a_condition_in_conflict_counts_for_every_candidate() {
    let mut story = done();
    conflict(&mut story, "answers", "cable_entry", &[json!({"value": "duct"}), json!({"value": "drilled"})]);
    assert!(subjects(&story, "completed").contains(&"missing_question drill_checks".to_owned()));
    assert_eq!(story.verdict_of("INS-16"), Verdict::NeedsChoice, "the list is needed for one of the two");
}

#[test]
fn more_than_sixteen_combinations_go_to_a_person() {
    let mut story = done();
    let same = vec![json!({"value": true}); 5];
    conflict(&mut story, "answers", "label_customer_end", &same);
    assert_eq!(story.verdict_of("INS-20"), Verdict::Pass);
    conflict(&mut story, "answers", "label_splitter_end", &same);
    assert_eq!(story.verdict_of("INS-20"), Verdict::NeedsChoice);
}

#[test]
fn a_failing_reading_beside_a_good_one_waits_for_a_choice_and_blocks_meanwhile() {
    let story = |policy, dbm: [&str; 2]| {
        let mut story = done();
        let values = dbm.map(|value| json!({"value": value, "unit": "dBm"}));
        conflict_under(policy, &mut story, "measures", "optical_power", &values);
        story
    };
    let mixed = story(MergePolicy::Ask, ["-26.00", "-18.30"]);
    assert_eq!(subjects(&mixed, "completed"), ["needs_choice optical_power", "needs_choice INS-22"]);
    assert_eq!(choices(&mixed), ["rule_needs_choice INS-22", "needs_choice measures/optical_power"]);
    let blockers = mixed.blockers("completed");
    assert!(blockers.iter().all(|one| !one.text.en.is_empty() && !one.text.zh_cn.is_empty()));

    // Where all are good there is nothing to block; the values still differ, so a person is still asked.
    let good = story(MergePolicy::Ask, ["-20.00", "-18.30"]);
    assert_eq!(subjects(&good, "completed"), NOTHING);
    assert_eq!(choices(&good), ["needs_choice measures/optical_power"]);
    // A policy that settles by content leaves the one that counts, here the good reading of the story.
    let settled = story(MergePolicy::Max, ["-26.00", "-18.30"]);
    assert_eq!(subjects(&settled, "completed"), NOTHING);
    assert_eq!(choices(&settled), NOTHING);

    // Where all fail, no choice helps.
    let mut failed = done();
    failed.measure("optical_power", "-26.00", "dBm");
    let values = ["-27.00", "-26.00"].map(|value| json!({"value": value, "unit": "dBm"}));
    conflict(&mut failed, "measures", "optical_power", &values);
    assert_eq!(subjects(&failed, "completed"), ["threshold_failed optical_power", "rule_failed INS-22"]);
}

#[test]
fn a_contested_outcome_is_judged_for_each_and_names_the_rules_that_hold_for_some() {
    let mut story = install();
    story.plan.appointment.as_mut().expect("an appointment").start_ms = at("14:00");
    story.step("kit_check").step("confirm_call").answer("contact_result", "confirmed");
    story.time("13:53").event("arrive").event("customer_absent").outcome("no_show", Some("nobody opened"));
    story.time("13:55");
    assert_eq!(story.trace("APT-06", "no_show").verdict, Verdict::Fail);
    assert_eq!(story.trace("APT-06", "completed").verdict, Verdict::NotApplicable);
    assert_eq!(choices(&story), NOTHING);

    let values = ["no_show", "completed"].map(|code| json!({"code": code, "reason": "r"}));
    conflict_under(MergePolicy::Ask, &mut story, "outcomes", "outcomes", &values);
    assert_eq!(choices(&story), ["rule_needs_choice APT-06", "needs_choice outcomes/outcomes"]);
    // Whoever asks about one outcome is told about that one.
    assert!(subjects(&story, "no_show").contains(&"rule_failed APT-06".to_owned()));
    assert!(!subjects(&story, "completed").iter().any(|one| one.ends_with("APT-06")));
}
