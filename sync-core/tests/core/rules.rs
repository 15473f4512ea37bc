//! Rules, requirements and blockers over hand-made visits.

use crate::support::{Story, at, install};
use serde_json::json;
use sync_core::clock::NotedBy;
use sync_core::formulas;
use sync_core::plan::AppointmentChange;
use sync_core::rules::catalogue::CATALOGUE;
use sync_core::rules::{Reading, Verdict, findings, reading, requirements};
use sync_core::template::model::Severity;

const NOTHING: [&str; 0] = [];

fn subjects(story: &Story, outcome: &str) -> Vec<String> {
    story.blockers(outcome).into_iter().map(|blocker| format!("{} {}", blocker.code, blocker.subject)).collect()
}

fn done() -> Story {
    let mut story = install();
    story.arrives().works().hands_in();
    story
}

#[test]
fn the_catalogue_lists_41_checks_in_order() {
    assert!(CATALOGUE.is_sorted_by_key(|check| check.name));
    assert_eq!(CATALOGUE.len(), 41);
}

#[test]
fn s01_passes_every_rule_and_nothing_blocks_it() {
    let story = done();
    assert_eq!(subjects(&story, "completed"), NOTHING);
    assert_eq!(findings(&story.facts()), []);
    for (rule, verdict) in [
        ("INS-05", Verdict::Pass),
        ("INS-22", Verdict::Pass),
        ("INS-28", Verdict::Pass),
        ("INS-14", Verdict::Pass),
        ("INS-16", Verdict::NotApplicable),
        ("INS-20", Verdict::Pass),
        ("INS-37", Verdict::Pass),
        ("APT-03", Verdict::Pass),
        ("APT-04", Verdict::NotApplicable),
        ("APT-06", Verdict::NotApplicable),
        ("INS-45", Verdict::Pass),
        ("INS-48", Verdict::NotApplicable),
        ("INS-49", Verdict::NotApplicable),
    ] {
        assert_eq!(story.verdict_of(rule), verdict, "{rule}");
    }
}

#[test]
fn a_trace_names_inputs_texts_and_every_version() {
    let story = done();
    let trace = story.trace("APT-03", "completed");
    assert_eq!(trace.inputs["minutes_before"], "8.00");
    assert_eq!(trace.inputs["class"], "in_window");
    assert_eq!((trace.severity, trace.guards), (Severity::Info, vec!["completed".to_owned()]));
    assert_eq!(trace.versions.heads, story.view.heads);
    assert_eq!((trace.versions.template.as_str(), trace.versions.template_version), ("broadband_install", 1));
    assert_eq!((trace.versions.policy_version, trace.versions.calendar_version), (1, 1));
    assert!(!trace.text.en.is_empty() && !trace.text.zh_cn.is_empty());
    let mut moved = done();
    moved.plan.visit.priority = 1;
    assert_ne!(moved.trace("APT-03", "completed").versions.plan_sha256, trace.versions.plan_sha256);
    let line = story.trace("INS-22", "completed");
    assert_eq!(line.inputs["measures/optical_power"], "-18.30 dBm");
    assert_eq!(line.inputs["order/contracted_mbps"], "500");
    assert_eq!(line.inputs["policy/min_rate_ratio"], "1.00");
}

// Rules: INS-28, INS-32
#[test]
fn s02_is_blocked_until_the_activation_form_is_photographed() {
    let mut story = done();
    story.plan.work_order.as_mut().unwrap().channel = "online_marketing".into();
    assert_eq!(subjects(&story, "completed"), ["missing_photo activation_form", "rule_failed INS-28"]);
    assert_eq!(story.trace("INS-28", "completed").inputs["photos/required"], "5");
    story.photo("activation_form", None);
    assert_eq!(subjects(&story, "completed"), NOTHING);
}

#[test]
fn a_document_in_a_photo_slot_is_no_photo_of_it() {
    let mut story = done();
    let slot = story.view.photos[0].value.slot.clone();
    story.view.photos[0].value.kind = Some("photo".into());
    assert_eq!(subjects(&story, "completed"), NOTHING);
    story.view.photos[0].value.kind = Some("document".into());
    assert_eq!(subjects(&story, "completed"), [format!("missing_photo {slot}"), "rule_failed INS-28".to_owned()]);
}

// Rules: INS-14, INS-22
#[test]
fn s03_fails_on_the_first_reading_and_passes_on_the_second() {
    let mut story = done();
    story.plan.site.as_mut().unwrap().scene = "rural".into();
    story.measure("optical_power", "-25.00", "dBm");
    assert_eq!(subjects(&story, "completed"), ["threshold_failed optical_power", "rule_failed INS-22"]);
    story.measure("optical_power", "-22.15", "dBm");
    assert_eq!(subjects(&story, "completed"), NOTHING);
    assert_eq!(story.verdict_of("INS-14"), Verdict::Fail, "rural asks for the self-supporting cable");
    assert!(findings(&story.facts()).iter().any(|finding| finding.subject == "INS-14"));
    story.answer("cable_kind", "bow_self_supporting");
    assert_eq!(story.verdict_of("INS-14"), Verdict::Pass);
    story.plan.site.as_mut().unwrap().scene = "business".into();
    assert_eq!(story.verdict_of("INS-14"), Verdict::Pass, "a scene without option passes");
}

// Rules: GEN-08, INS-22, INS-23
#[test]
fn thresholds_and_formulas_agree() {
    let mut story = done();
    for dbm in ["-24.99", "-25.00", "-25.01", "-18.30"] {
        story.measure("optical_power", dbm, "dBm");
        let formula = formulas::run("F-04", &json!({ "dbm": dbm })).unwrap()["pass"] == json!(true);
        let item = story.template.measurement("optical_power").unwrap();
        assert_eq!(reading(&story.facts(), item) == Reading::Pass, formula, "{dbm}");
    }
    story.policy.parameters.clear();
    story.measure("down_rate", "499.9", "Mbps");
    let item = story.template.measurement("down_rate").unwrap();
    assert_eq!(reading(&story.facts(), item), Reading::Fail, "the default is the whole contracted rate");
    for (mbps, ratio) in [("450.0", "0.90"), ("449.9", "0.90"), ("500", "1.00"), ("499.9", "1.00")] {
        story.measure("down_rate", mbps, "Mbps");
        story.policy.parameters.insert("min_rate_ratio".into(), ratio.into());
        let input = json!({"measured_mbps": mbps, "contracted_mbps": "500", "min_rate_ratio": ratio});
        let formula = formulas::run("F-05", &input).unwrap()["pass"] == json!(true);
        let item = story.template.measurement("down_rate").unwrap();
        assert_eq!(reading(&story.facts(), item) == Reading::Pass, formula, "{mbps}");
    }
}

#[test]
fn what_has_no_value_is_not_judged_and_never_passes_silently() {
    let mut story = done();
    let rate = story.template.measurements.iter_mut().find(|one| one.code == "down_rate").unwrap();
    rate.threshold.as_mut().unwrap().param = Some("min_insulation_megohm".into());
    assert_eq!(story.verdict_of("INS-22"), Verdict::Undetermined);
    assert_eq!(subjects(&story, "completed"), NOTHING, "undetermined never blocks");
    assert!(findings(&story.facts()).iter().any(|finding| finding.code == "rule_undetermined"));
    story.measure("down_rate", "512400", "kbps");
    assert_eq!(subjects(&story, "completed"), ["unreadable_measurement down_rate", "rule_failed INS-22"]);
}

#[test]
fn everything_required_is_missing_at_first() {
    let story = install();
    let missing = subjects(&story, "completed");
    for expected in [
        "missing_tick kit_check/shoe_covers",
        "missing_question contact_result",
        "missing_tick location/done",
        "missing_photo outdoor_route",
        "missing_measurement optical_power",
        "missing_signature customer_confirmation",
        "rule_failed INS-37",
    ] {
        assert!(missing.contains(&expected.to_owned()), "{expected}: {missing:?}");
    }
    for not_expected in ["missing_photo door_note", "missing_question absence_result", "missing_tick open_points/done"]
    {
        assert!(!missing.contains(&not_expected.to_owned()), "{not_expected}");
    }
}

#[test]
fn requirements_list_each_step_with_what_is_there() {
    let mut story = install();
    story.arrives();
    let steps = requirements(&story.facts());
    let done: Vec<_> = steps.iter().filter(|step| step.complete && step.required).map(|s| s.step.as_str()).collect();
    assert_eq!(done, ["kit_check", "confirm_call", "arrive"], "the arrive event stands for the implicit tick");
    let cabling = steps.iter().find(|step| step.step == "cabling").unwrap();
    let photo = cabling.needs.iter().find(|need| need.code == "outdoor_route").unwrap();
    assert_eq!((photo.required, photo.need, photo.have), (true, 1, 0));
    assert_eq!(photo.title.zh_cn, "室外皮线布放路由照片");
}

// Rules: INS-16, INS-48
#[test]
fn a_condition_makes_an_element_required() {
    let mut story = done();
    story.answer("cable_entry", "drilled");
    assert_eq!(subjects(&story, "completed"), ["missing_question drill_checks"]);
    assert_eq!(story.verdict_of("INS-16"), Verdict::Fail);
    story.answer("drill_checks", json!(["cover", "inside_out", "seal", "ten_degrees", "wrap"]));
    assert_eq!((story.verdict_of("INS-16"), story.blockers("completed").len()), (Verdict::Pass, 0));

    story.answer("hazards", json!(["at_height", "night"])).answer("height_checks", json!(["gear", "procedure"]));
    assert_eq!(subjects(&story, "completed"), ["rule_failed INS-48"]);
    story.answer("height_checks", json!(["briefing", "gear", "procedure"]));
    assert_eq!(story.verdict_of("INS-48"), Verdict::Pass);
}

// Rule: INS-45
#[test]
fn other_outcomes_need_a_reason_and_only_what_came_before() {
    let mut story = install();
    story.arrives().time("09:55").answer("safe_to_work", false);
    assert!(subjects(&story, "completed").contains(&"rule_failed INS-45".to_owned()));
    assert_eq!(subjects(&story, "deferred_safety"), ["missing_reason deferred_safety"]);
    assert!(subjects(&story, "customer_cancelled").contains(&"rule_failed INS-45".to_owned()), "only this outcome");
    story.outcome("deferred_safety", Some("rain and ladder"));
    assert_eq!(subjects(&story, "deferred_safety"), NOTHING);
    assert_eq!(subjects(&story, "vanished"), ["unknown_outcome vanished"]);
}

// Rules: APT-06, APT-07, APT-08
#[test]
fn s04_may_give_up_after_the_wait_with_note_or_second_appointment() {
    let mut story = install();
    story.plan.appointment.as_mut().unwrap().start_ms = at("14:00");
    story.step("kit_check").step("confirm_call").answer("contact_result", "confirmed");
    story.time("13:53").event("arrive").event("customer_absent").outcome("no_show", Some("nobody opened"));
    story.time("14:07");
    assert_eq!(subjects(&story, "no_show"), ["missing_question absence_result", "rule_failed APT-06"]);
    assert_eq!(story.trace("APT-06", "no_show").inputs["may_leave_at"], "2025-03-04T06:08:00.000Z");
    story.time("14:08").answer("absence_result", "unreachable");
    assert_eq!(subjects(&story, "no_show"), ["missing_photo door_note"]);
    story.photo("door_note", None);
    assert_eq!(subjects(&story, "no_show"), NOTHING);
    story.answer("absence_result", "second_agreed");
    story.event("give_up");
    assert_eq!(story.trace("APT-06", "no_show").inputs["waited_minutes"], "15");
}

// Rules: APT-03, APT-04, INS-07, GEN-10
#[test]
fn arrivals_and_changes_are_judged_by_the_formulas() {
    let arrival = |time: &str, off: Option<i64>, err: i64| {
        let mut story = install();
        (story.clock.off_ms, story.clock.err_ms) = (off, Some(err));
        story.time(time).event("arrive");
        story.verdict_of("APT-03")
    };
    assert_eq!(arrival("09:40", Some(0), 0), Verdict::Pass, "too early keeps the promise");
    assert_eq!(arrival("10:00", Some(0), 0), Verdict::Pass);
    assert_eq!(arrival("10:01", Some(0), 0), Verdict::Fail);
    assert_eq!(arrival("10:06", Some(-600_000), 0), Verdict::Pass, "the phone was ten minutes fast");
    assert_eq!(arrival("10:01", Some(0), 90_000), Verdict::Undetermined);
    assert_eq!(arrival("09:52", None, 0), Verdict::Undetermined, "a clock never compared proves nothing");

    let change = |notified: &str, notified_by, proposed_by_us| {
        let mut story = install();
        let change = AppointmentChange {
            from_ms: at("14:00"),
            to_ms: at("16:00"),
            notified_at_ms: at(notified),
            notified_by,
            proposed_by_us,
            reason: None,
        };
        story.plan.appointment.as_mut().unwrap().changes = vec![change];
        story.verdict_of("APT-04")
    };
    let phone = |err_ms| NotedBy::Phone { err_ms };
    assert_eq!(change("12:00", NotedBy::Server, true), Verdict::Pass);
    assert_eq!(change("12:01", NotedBy::Server, true), Verdict::Fail);
    assert_eq!(change("12:01", phone(Some(60_000)), true), Verdict::Undetermined, "told by a phone's clock");
    assert_eq!(change("11:59", phone(Some(60_000)), true), Verdict::Pass);
    assert_eq!(change("08:00", phone(None), true), Verdict::Undetermined, "a clock never compared proves nothing");
    assert_eq!(change("13:59", NotedBy::Server, false), Verdict::NotApplicable);
}

#[test]
fn the_wait_may_count_from_the_appointment() {
    let mut story = install();
    let rule = story.template.rules.iter_mut().find(|rule| rule.check == "absence_wait").unwrap();
    rule.params.insert("wait_from".into(), json!("appointment"));
    story.time("09:52").event("arrive").time("10:14");
    assert_eq!(story.trace("APT-06", "no_show").verdict, Verdict::Fail);
    story.time("10:15");
    let trace = story.trace("APT-06", "no_show");
    assert_eq!((trace.verdict, trace.inputs["waited_minutes"].as_str()), (Verdict::Pass, "15"));
    assert!(trace.text.en.ends_with("may leave at 10:15"), "{}", trace.text.en);
    assert_eq!(trace.guards, ["no_show"]);
}

// Rule: INS-49
#[test]
fn night_lasts_from_eight_to_six() {
    for (time, verdict) in [
        ("19:59", Verdict::NotApplicable),
        ("20:00", Verdict::Pass),
        ("05:59", Verdict::Pass),
        ("06:00", Verdict::NotApplicable),
    ] {
        let mut story = install();
        story.time(time);
        assert_eq!(story.verdict_of("INS-49"), verdict, "{time}");
    }
}

// Rule: INS-05
#[test]
fn steps_out_of_order_are_a_warning() {
    let mut story = done();
    story.time("09:00").step("splice");
    assert_eq!(story.verdict_of("INS-05"), Verdict::Fail);
    assert_eq!(subjects(&story, "completed"), NOTHING, "a warning never blocks");
}

#[test]
fn a_check_of_a_later_version_says_so() {
    let mut story = done();
    story.template.rules.iter_mut().find(|rule| rule.id == "INS-37").unwrap().check = "read_minds".into();
    let trace = story.trace("INS-37", "completed");
    assert_eq!(trace.verdict, Verdict::NotEvaluated);
    assert_eq!(trace.text.en, "this version does not know the check");
    assert_eq!(subjects(&story, "completed"), NOTHING);
}

#[test]
fn a_faulty_parameter_is_named_and_never_passes() {
    let mut story = done();
    let rule = story.template.rules.iter_mut().find(|rule| rule.id == "APT-03").unwrap();
    rule.params.insert("min_minutes".into(), json!("five"));
    let trace = story.trace("APT-03", "completed");
    assert_eq!(trace.verdict, Verdict::Undetermined);
    assert!(trace.text.en.contains("min_minutes"), "{}", trace.text.en);
}

// Rules: PRE-03, PRE-04
#[test]
fn the_other_templates_have_their_cheap_checks() {
    let mut story = done();
    story.template = serde_saphyr::from_str(include_str!("../../data/templates/broadband_repair.yaml")).unwrap();
    story.measure("optical_after", "-24.00", "dBm").answer("in_warranty", false);
    assert_eq!(story.verdict_of("INS-22"), Verdict::Pass);
    assert_eq!(story.verdict_of("CMP-14"), Verdict::Fail);

    story.template = serde_saphyr::from_str(include_str!("../../data/templates/service_survey.yaml")).unwrap();
    assert_eq!(story.verdict_of("SUR-09"), Verdict::Fail);

    story.template =
        serde_saphyr::from_str(include_str!("../../data/templates/pre_acceptance_inspection.yaml")).unwrap();
    story.answer("result", "pass").answer("defect_count_major", 1);
    assert_eq!(story.verdict_of("PRE-03"), Verdict::Fail);
    story.answer("defect_count_major", 0);
    assert_eq!((story.verdict_of("PRE-03"), story.verdict_of("PRE-04")), (Verdict::Pass, Verdict::Pass));
    story.view.statements.clear();
    assert_eq!(story.verdict_of("PRE-04"), Verdict::Fail);
}

#[test]
fn unknown_data_is_reported_never_refused() {
    let mut story = done();
    story.photo("selfie", None);
    story.answer("mood", "good").answer("rating", 11).measure("voltage", "1", "V").tick("roof/done", true);
    for _ in 0..4 {
        story.photo("ont_stb", None);
    }
    story.view.photos[0].value.source = "gallery".into();
    let found: Vec<_> = findings(&story.facts()).into_iter().map(|finding| finding.code).collect();
    let expected = [
        "gallery_source",
        "unknown_slot",
        "too_many_photos",
        "unknown_question",
        "odd_answer",
        "unknown_measurement",
        "unknown_tick",
    ];
    assert_eq!(found, expected);
    assert_eq!(subjects(&story, "completed"), NOTHING);
}
