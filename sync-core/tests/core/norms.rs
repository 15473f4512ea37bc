//! The core rules of installing and of appointments are data: another entry of the template or another parameter of the
//! policy gives another verdict.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "the helpers of tests may panic")]

use crate::support::{Story, at, install};
use serde_json::{Value, json};
use sync_core::formulas::{QueuedJob, dispatch_order};
use sync_core::plan::AppointmentChange;
use sync_core::rules::Verdict;
use sync_core::template::Template;
use sync_core::visit::VisitState;

/// An installation as in S-01, handed in.
fn done() -> Story {
    let mut story = install();
    story.arrives().works().hands_in();
    story
}

/// Changes the template by its JSON: a pointer to the entry, and what it says now.
fn edit(story: &mut Story, list: &str, code: &str, pointer: &str, to: Value) {
    let mut template = serde_json::to_value(&story.template).expect("a template");
    let name = if list == "rules" { "id" } else { "code" };
    let entries = template[list].as_array_mut().expect("a list");
    let entry = entries.iter_mut().find(|entry| entry[name] == json!(code)).expect("an entry of this code");
    // What has its default is not written.
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = if parent.is_empty() { entry } else { entry.pointer_mut(parent).expect("the parent") };
    match parent {
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = to,
        object => object[key] = to,
    }
    story.template = serde_json::from_value::<Template>(template).expect("still a template");
}

fn parameter(story: &mut Story, rule: &str, key: &str, to: impl Into<Value>) {
    edit(story, "rules", rule, &format!("/params/{key}"), to.into());
}

/// What blocks the completed visit, as `code subject`.
fn blockers(story: &Story) -> Vec<String> {
    story.blockers("completed").into_iter().map(|blocker| format!("{} {}", blocker.code, blocker.subject)).collect()
}

fn blocks(story: &Story, what: &str) -> bool {
    blockers(story).iter().any(|blocker| blocker == what)
}

// Rules: INS-28, INS-29, INS-30, INS-31, INS-32
#[test]
fn the_template_says_which_photos_a_visit_needs() {
    for slot in ["outdoor_route", "splitter_label", "ont_stb", "acceptance_form"] {
        let mut story = done();
        story.view.photos.retain(|photo| photo.value.slot != slot);
        assert_eq!(blockers(&story), [format!("missing_photo {slot}"), "rule_failed INS-28".to_owned()]);
        edit(&mut story, "photos", slot, "/required", json!(false));
        assert_eq!(story.verdict_of("INS-28"), Verdict::Pass, "{slot}");
        assert_eq!(blockers(&story), Vec::<String>::new(), "{slot}");
    }
    // The fifth one depends on the channel.
    let mut story = done();
    story.plan.work_order.as_mut().expect("an order").channel = "online_marketing".into();
    assert!(blocks(&story, "missing_photo activation_form"));
    edit(&mut story, "photos", "activation_form", "/required_when/value", json!("store"));
    assert_eq!(story.verdict_of("INS-28"), Verdict::Pass);
    edit(&mut story, "photos", "ont_stb", "/min", json!(2));
    assert!(blocks(&story, "missing_photo ont_stb"), "as many as the slot says");
}

// Rules: INS-22, INS-23
#[test]
fn template_and_policy_say_what_the_line_must_reach() {
    let mut story = done();
    story.measure("optical_power", "-22.00", "dBm");
    assert_eq!(story.verdict_of("INS-22"), Verdict::Pass);
    edit(&mut story, "measurements", "optical_power", "/threshold/value", json!("-22.00"));
    assert_eq!(story.verdict_of("INS-22"), Verdict::Fail, "the limit itself fails");
    edit(&mut story, "measurements", "optical_power", "/threshold/op", json!("ge"));
    assert_eq!(story.verdict_of("INS-22"), Verdict::Pass);

    story.measure("down_rate", "450.0", "Mbps");
    assert_eq!(story.verdict_of("INS-22"), Verdict::Fail);
    story.policy.parameters.insert("min_rate_ratio".into(), "0.90".into());
    assert_eq!(story.verdict_of("INS-22"), Verdict::Pass);
    story.policy.parameters.insert("min_rate_ratio".into(), "0.91".into());
    assert!(blocks(&story, "threshold_failed down_rate"));

    let mut story = done();
    story.answer("resource_ok", false);
    assert_eq!(story.verdict_of("INS-22"), Verdict::Fail);
    parameter(&mut story, "INS-22", "all", json!(["aaa_sync_ok", "optical_power.pass", "down_rate.pass"]));
    assert_eq!(story.verdict_of("INS-22"), Verdict::Pass);
}

// Rule: INS-37
#[test]
fn the_template_says_that_the_customer_is_satisfied_before_signing() {
    let mut story = done();
    story.answer("satisfied", false);
    assert_eq!(story.verdict_of("INS-37"), Verdict::Fail);
    assert!(blocks(&story, "missing_question improvement_note"));
    parameter(&mut story, "INS-37", "value", false);
    assert_eq!(story.verdict_of("INS-37"), Verdict::Pass);
    edit(&mut story, "questions", "improvement_note", "/required_when/value", json!(true));
    assert_eq!(blockers(&story), Vec::<String>::new());
}

// Rule: INS-12
#[test]
fn the_template_says_who_signs_and_gets_a_copy() {
    let mut story = done();
    story.view.statements.clear();
    assert_eq!(
        blockers(&story),
        ["missing_signature customer_confirmation", "missing_signature installer_confirmation"]
    );
    edit(&mut story, "signatures", "customer_confirmation", "/required", json!(false));
    assert_eq!(blockers(&story), ["missing_signature installer_confirmation"]);
    assert_eq!(story.template.validate(), []);
    edit(&mut story, "signatures", "customer_confirmation", "/copies", json!([]));
    assert_eq!(story.template.validate().len(), 1, "a form without a copy is none");
}

// Rule: APT-04
#[test]
fn the_template_says_how_much_notice_a_change_needs() {
    let mut story = install();
    story.plan.appointment.as_mut().expect("an appointment").changes = vec![AppointmentChange {
        from_ms: at("14:00"),
        to_ms: at("16:00"),
        notified_at_ms: at("12:01"),
        notified_by: sync_core::clock::NotedBy::Server,
        proposed_by_us: true,
        reason: Some("the visit before takes longer".into()),
    }];
    assert_eq!(story.verdict_of("APT-04"), Verdict::Fail);
    parameter(&mut story, "APT-04", "min_minutes", 119);
    assert_eq!(story.verdict_of("APT-04"), Verdict::Pass);
}

// Rules: APT-03, INS-07
#[test]
fn the_template_says_when_an_arrival_is_early_enough() {
    let class = |min: i64, max: i64| {
        let mut story = done();
        parameter(&mut story, "APT-03", "min_minutes", min);
        parameter(&mut story, "APT-03", "max_minutes", max);
        story.trace("APT-03", "completed").inputs["class"].clone()
    };
    // Arrived eight minutes before.
    assert_eq!(class(5, 10), "in_window");
    assert_eq!(class(8, 8), "in_window");
    assert_eq!(class(9, 10), "tight");
    assert_eq!(class(5, 7), "too_early");
}

// Rules: APT-06, APT-07, APT-08
#[test]
fn the_template_says_how_long_to_wait_and_what_to_leave() {
    let at_the_door = |left: &str, answer: &str| {
        let mut story = install();
        story.plan.appointment.as_mut().expect("an appointment").start_ms = at("14:00");
        story
            .step("kit_check")
            .contact("app_call", "reached")
            .answer("contact_result", "confirmed")
            .step("confirm_call");
        story.event("confirm_call").time("13:30").event("depart").time("13:53").event("arrive");
        story.event("customer_absent").answer("absence_result", answer).outcome("no_show", Some("nobody opened"));
        story.time(left).event("give_up");
        story
    };
    let blockers = |story: &Story| {
        let found = story.blockers("no_show").into_iter();
        found.map(|blocker| format!("{} {}", blocker.code, blocker.subject)).collect::<Vec<_>>()
    };
    let mut story = at_the_door("14:07", "second_agreed");
    assert_eq!((blockers(&story), story.derived().state), (vec!["rule_failed APT-06".to_owned()], VisitState::Waiting));
    parameter(&mut story, "APT-06", "min_minutes", 14);
    assert_eq!((blockers(&story), story.derived().state), (vec![], VisitState::NoShow));
    parameter(&mut story, "APT-06", "wait_from", "appointment");
    assert_eq!(story.trace("APT-06", "no_show").verdict, Verdict::Fail, "seven minutes after the appointment");

    let mut story = at_the_door("14:08", "unreachable");
    assert_eq!(
        (blockers(&story), story.derived().state),
        (vec!["missing_photo door_note".into()], VisitState::Waiting)
    );
    edit(&mut story, "photos", "door_note", "/required_when/value", json!("second_agreed"));
    assert_eq!(blockers(&story), Vec::<String>::new());

    let mut story = at_the_door("14:08", "second_agreed");
    story.view.answers.remove("absence_result");
    assert_eq!(blockers(&story), ["missing_question absence_result"]);
    edit(&mut story, "questions", "absence_result", "/required_when/value", json!("completed"));
    assert_eq!(blockers(&story), Vec::<String>::new());
}

// Rules: APT-09, INS-49
#[test]
fn the_plan_says_which_visit_of_the_day_comes_first() {
    let order = |attempts: [u64; 2], deferred: bool| {
        let job = |id, attempt, time, deferred_safety| QueuedJob { id, attempt, requested: at(time), deferred_safety };
        let mut queue = [job("early", attempts[0], "08:30", false), job("late", attempts[1], "09:00", deferred)];
        dispatch_order(&mut queue);
        queue[0].id
    };
    assert_eq!(order([1, 1], false), "early");
    assert_eq!(order([1, 2], false), "late", "a second appointment");
    assert_eq!(order([2, 2], false), "early");
    assert_eq!(order([2, 1], true), "late", "put off for safety");
}

// Rules: INS-08, INS-09
#[test]
fn the_template_says_what_the_kit_holds() {
    let departs = |story: &mut Story| {
        story.contact("app_call", "reached").event("confirm_call").event("depart");
        story.derived().state
    };
    for item in ["shoe_covers", "drop_cloth", "cleaning_cloth", "rubbish_bag", "record_form", "tools_material"] {
        let mut story = install();
        story.step("kit_check").tick(&format!("kit_check/{item}"), false);
        assert_eq!(departs(&mut story), VisitState::Confirmed, "{item}");
        assert!(blocks(&story, &format!("missing_tick kit_check/{item}")));
        let step = story.template.steps.iter_mut().find(|step| step.code == "kit_check").expect("the step");
        step.items.retain(|one| one.code != item);
        assert_eq!(story.derived().state, VisitState::EnRoute, "{item}");
    }
}

// Rule: INS-05
#[test]
fn the_template_says_in_which_order_steps_are_done() {
    let mut story = done();
    assert_eq!(story.verdict_of("INS-05"), Verdict::Pass);
    let place = |story: &Story, code| story.template.steps.iter().position(|step| step.code == code).expect("a step");
    let (splice, label) = (place(&story, "splice"), place(&story, "label"));
    story.template.steps.swap(splice, label);
    assert_eq!(story.verdict_of("INS-05"), Verdict::Fail);
}

// Rules: INS-13, INS-14, INS-15, INS-16, INS-17, INS-18, INS-19, INS-20
#[test]
fn the_template_says_how_cable_splice_and_labels_are_done() {
    for (step, item) in [
        ("cabling", "corners"),
        ("cabling", "neat"),
        ("splice", "splice_in_box"),
        ("splice", "no_leak"),
        ("splice", "sealed_locked"),
        ("splice", "splitter_fixed"),
        ("splice", "pigtails"),
    ] {
        let mut story = done();
        let key = format!("{step}/{item}");
        story.view.ticks.remove(&key);
        assert_eq!(blockers(&story), [format!("missing_tick {key}")]);
        let place = story.template.step(step).expect("a step").items.iter().position(|one| one.code == item);
        let pointer = format!("/items/{}/required", place.expect("an item"));
        edit(&mut story, "steps", step, &pointer, json!(false));
        assert_eq!(blockers(&story), Vec::<String>::new(), "{key}");
    }
    for question in ["location_agreed", "route_note", "cable_kind", "cable_entry", "indoor_method", "splitter_port"] {
        let mut story = done();
        story.view.answers.remove(question);
        assert!(blocks(&story, &format!("missing_question {question}")));
        edit(&mut story, "questions", question, "/required", json!(false));
        assert!(!blocks(&story, &format!("missing_question {question}")));
    }
    let mut story = done();
    assert_eq!(story.verdict_of("INS-14"), Verdict::Pass);
    parameter(&mut story, "INS-14", "urban_residential", "bow_self_supporting");
    assert_eq!(story.verdict_of("INS-14"), Verdict::Fail);

    story.answer("cable_entry", "drilled").answer("drill_checks", json!(["cover", "inside_out", "seal", "wrap"]));
    assert_eq!(story.verdict_of("INS-16"), Verdict::Fail);
    let drill = story.template.questions.iter_mut().find(|question| question.code == "drill_checks");
    drill.expect("the checklist").options.retain(|option| option.code != "ten_degrees");
    assert_eq!(story.verdict_of("INS-16"), Verdict::Pass);

    story.answer("label_splitter_end", false);
    assert_eq!(story.verdict_of("INS-20"), Verdict::Fail);
    parameter(&mut story, "INS-20", "all", json!(["label_customer_end"]));
    assert_eq!(story.verdict_of("INS-20"), Verdict::Pass);
}

// Rules: INS-35, APT-05, INS-06
#[test]
fn the_template_says_that_the_customer_is_called_through_the_app() {
    let mut story = install();
    story.contact("phone", "reached").event("confirm_call");
    assert_eq!(story.derived().state, VisitState::Scheduled);
    assert!(blocks(&story, "missing_tick confirm_call/done") && blocks(&story, "missing_question contact_result"));
    story.template.steps.retain(|step| step.code != "confirm_call");
    assert_eq!(story.derived().state, VisitState::Confirmed);
    assert!(!blocks(&story, "missing_question contact_result"));
}

// Rule: INS-42
#[test]
fn the_template_says_whether_open_points_are_asked_for() {
    let mut story = done();
    assert_eq!(blockers(&story), Vec::<String>::new());
    edit(&mut story, "questions", "open_point", "/required", json!(true));
    assert_eq!(blockers(&story), ["missing_question open_point"]);
    story.answer("open_point", "a second socket");
    assert_eq!(blockers(&story), Vec::<String>::new());
}

// Rules: INS-45, INS-48, INS-49
#[test]
fn the_template_says_when_work_stops() {
    let mut story = done();
    story.answer("safe_to_work", false);
    assert_eq!(story.verdict_of("INS-45"), Verdict::Fail);
    let guards = |story: &Story| story.trace("INS-45", "completed").guards.contains(&"deferred_safety".to_owned());
    assert!(!guards(&story), "the one outcome that is left");
    parameter(&mut story, "INS-45", "outcome", "not_accepted");
    assert!(guards(&story));

    let mut story = done();
    story.answer("hazards", json!(["at_height", "live_power"])).answer("height_checks", json!(["briefing", "gear"]));
    assert_eq!(story.verdict_of("INS-48"), Verdict::Fail);
    let checks = story.template.questions.iter_mut().find(|question| question.code == "height_checks");
    checks.expect("the checklist").options.retain(|option| option.code != "procedure");
    assert_eq!(story.verdict_of("INS-48"), Verdict::Pass);
    parameter(&mut story, "INS-48", "flag_value", "night");
    assert_eq!(story.verdict_of("INS-48"), Verdict::NotApplicable);

    let mut story = install();
    story.time("19:30");
    assert_eq!(story.verdict_of("INS-49"), Verdict::NotApplicable);
    parameter(&mut story, "INS-49", "from", "19:00");
    assert_eq!(story.verdict_of("INS-49"), Verdict::Pass);
}

// Rule: DOC-05
#[test]
fn the_template_says_what_is_kept_of_the_course_and_result_of_a_complaint() {
    let complaint = include_str!("../../data/templates/complaint_visit.yaml");
    let mut story = install();
    story.arrives();
    story.template = serde_saphyr::from_str(complaint).expect("a template");
    for question in ["complaint_text", "first_answer", "true_cause", "solution", "satisfied"] {
        let missing = format!("missing_question {question}");
        assert!(blocks(&story, &missing), "{missing}: {:?}", blockers(&story));
        edit(&mut story, "questions", question, "/required", json!(false));
        assert!(!blocks(&story, &missing), "{missing}");
    }
}
