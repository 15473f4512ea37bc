//! Numbers of the norms stand in the policy: the product's templates name its keys, and what a key says is what is judged.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic")]

use crate::support::{Story, at, install};
use crate::templates::FILES;
use serde_json::{Value, json};
use sync_core::plan::AppointmentChange;
use sync_core::rules::Verdict;
use sync_core::rules::catalogue::{self, ParamKind};
use sync_core::template::Template;

const fn is_of_the_norms(kind: ParamKind) -> bool {
    matches!(
        kind,
        ParamKind::Number(_)
            | ParamKind::TimeOfDay
            | ParamKind::MonthDay
            | ParamKind::DaySpan
            | ParamKind::Frequency
            | ParamKind::Share
            | ParamKind::WaitFrom
    )
}

/// Every value of a kind that the policy may say, in a rule or threshold of a template, that says it itself.
fn literals(template: &Template) -> Vec<String> {
    let mut found = Vec::new();
    for rule in &template.rules {
        let check = catalogue::check(&rule.check).unwrap();
        for param in check.params.iter().filter(|param| is_of_the_norms(param.kind)) {
            match rule.params.get(param.key) {
                None => {}
                Some(value) if value.get("param").is_some_and(Value::is_string) => {}
                Some(value) => found.push(format!("{} {} {value}", rule.check, param.key)),
            }
        }
    }
    for reading in &template.measurements {
        let value = reading.threshold.as_ref().and_then(|threshold| threshold.value.as_ref());
        found.extend(value.map(|value| format!("{} {value}", reading.code)));
    }
    found
}

// Rule: GEN-09
#[test]
fn the_products_templates_take_every_number_of_the_norms_from_the_policy() {
    let found: Vec<String> = FILES
        .iter()
        .flat_map(|(_, yaml)| literals(&serde_saphyr::from_str::<Template>(yaml).unwrap()))
        // How many questions the list beside it has.
        .filter(|literal| literal != "answered_count count 9")
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

fn set(story: &mut Story, key: &str, value: &str) {
    story.policy.parameters.insert(key.to_owned(), value.to_owned());
}

// Rules: GEN-09, APT-03, APT-04, APT-06, INS-22, INS-49
#[test]
fn what_the_policy_says_is_what_is_judged() {
    let mut story = install();
    story.time("09:52").event("arrive").event("absent").time("10:10");
    assert_eq!(story.verdict_of("APT-03"), Verdict::Pass);
    let waited = story.trace("APT-06", "no_show");
    assert_eq!(
        (waited.verdict, waited.inputs.get("policy/absence_wait_minutes").unwrap().as_str()),
        (Verdict::Pass, "15")
    );

    set(&mut story, "arrival_window_min_minutes", "9");
    assert_eq!(story.trace("APT-03", "completed").inputs.get("policy/arrival_window_min_minutes").unwrap(), "9");
    assert_ne!(story.trace("APT-03", "completed").inputs.get("class").unwrap(), "in_window");

    set(&mut story, "absence_wait_minutes", "19");
    let waited = story.trace("APT-06", "no_show");
    assert_eq!(waited.verdict, Verdict::Fail);
    assert!(waited.text.en.contains("19"), "{}", waited.text.en);
    set(&mut story, "absence_wait_minutes", "5");
    set(&mut story, "absence_wait_from", "appointment");
    let waited = story.trace("APT-06", "no_show");
    assert_eq!((waited.verdict, waited.inputs.get("waited_minutes").unwrap().as_str()), (Verdict::Pass, "10"));
    set(&mut story, "absence_wait_minutes", "11");
    assert_eq!(story.trace("APT-06", "no_show").verdict, Verdict::Fail);

    let mut story = install();
    story.plan.appointment.as_mut().unwrap().changes = vec![AppointmentChange {
        from_ms: at("14:00"),
        to_ms: at("16:00"),
        notified_at_ms: at("12:30"),
        notified_by: sync_core::clock::NotedBy::Server,
        proposed_by_us: true,
        reason: None,
    }];
    assert_eq!(story.verdict_of("APT-04"), Verdict::Fail);
    set(&mut story, "reschedule_notice_minutes", "90");
    assert_eq!(story.verdict_of("APT-04"), Verdict::Pass);

    story.time("20:30");
    assert_eq!(story.verdict_of("INS-49"), Verdict::Pass);
    set(&mut story, "night_from", "20:31");
    assert_eq!(story.verdict_of("INS-49"), Verdict::NotApplicable);

    let mut story = install();
    story.arrives().works().hands_in();
    set(&mut story, "optical_floor_dbm", "-10.00");
    assert_eq!(story.verdict_of("INS-22"), Verdict::Fail);
}

// Rule: GEN-09
#[test]
fn a_key_that_the_policy_does_not_allow_counts_as_its_default() {
    let mut story = install();
    story.time("09:52").event("arrive").event("absent").time("10:10");
    set(&mut story, "absence_wait_minutes", "soon");
    assert_eq!(story.trace("APT-06", "no_show").inputs.get("policy/absence_wait_minutes").unwrap(), "15");
}

#[test]
fn a_parameter_takes_its_value_only_from_a_key_of_its_kind_and_unit() {
    let faults = |check: &str, key: &str, value: Value| -> Vec<String> {
        let mut template: Template = serde_saphyr::from_str(FILES.first().unwrap().1).unwrap();
        let rule = template.rules.iter_mut().find(|rule| rule.check == check).unwrap();
        rule.params.insert(key.to_owned(), value);
        template.validate().into_iter().map(|fault| format!("{}: {}", fault.path, fault.message)).collect()
    };
    let named = |key: &str| json!({"param": key});
    let path = "rules[APT-06 absence_wait].min_minutes";
    assert_eq!(faults("absence_wait", "min_minutes", named("late_risk_minutes")), Vec::<String>::new());
    assert_eq!(
        faults("absence_wait", "min_minutes", named("absence_wait")),
        [format!("{path}: the policy has no key absence_wait")]
    );
    assert_eq!(
        faults("absence_wait", "min_minutes", named("visit_notice_days")),
        [format!("{path}: cannot take its value from visit_notice_days, whose value is: integer in days")]
    );
    assert_eq!(
        faults("absence_wait", "min_minutes", named("night_from")),
        [format!("{path}: cannot take its value from night_from, whose value is: time of day")]
    );
    assert_eq!(
        faults("absence_wait", "min_minutes", json!({"param": 15})),
        [format!("{path}: must be a whole number, not negative")]
    );
    assert_eq!(
        faults("absence_wait", "outcome", named("absence_wait_from")).len(),
        1,
        "outcomes are no numbers of the norms"
    );
    assert_eq!(faults("absence_wait", "wait_from", named("visit_every_l1")).len(), 1);
    assert_eq!(
        faults("night_work_may_be_deferred", "to", named("night_from")),
        ["rules[INS-49 night_work_may_be_deferred].to: equals from: there is no such time"]
    );
}
