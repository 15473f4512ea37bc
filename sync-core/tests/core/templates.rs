//! The eight templates of the product load and validate; every kind of fault is named.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "the support code of tests may panic")]

use serde_json::{Value, json};
use sync_core::template::Template;
use sync_core::template::lookup::Element;
use sync_core::template::model::Phase;

pub const FILES: [(&str, &str); 8] = [
    ("broadband_install", include_str!("../../data/templates/broadband_install.yaml")),
    ("broadband_repair", include_str!("../../data/templates/broadband_repair.yaml")),
    ("complaint_visit", include_str!("../../data/templates/complaint_visit.yaml")),
    ("customer_call", include_str!("../../data/templates/customer_call.yaml")),
    ("pre_acceptance_inspection", include_str!("../../data/templates/pre_acceptance_inspection.yaml")),
    ("retention_visit", include_str!("../../data/templates/retention_visit.yaml")),
    ("return_visit", include_str!("../../data/templates/return_visit.yaml")),
    ("service_survey", include_str!("../../data/templates/service_survey.yaml")),
];

#[test]
fn all_eight_templates_load_and_validate() {
    for (code, yaml) in FILES {
        let template: Template = serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{code}: {error}"));
        assert_eq!(template.code, code);
        assert_eq!(template.validate(), [], "{code}");
        let json = serde_json::to_value(&template).unwrap();
        assert_eq!(serde_json::from_value::<Template>(json).unwrap(), template, "{code} survives JSON");
    }
}

#[test]
fn what_contradicted_the_rulebook_is_corrected() {
    let load = |index: usize| serde_saphyr::from_str::<Template>(FILES[index].1).unwrap();
    let return_visit = load(6);
    let modes = &return_visit.question("mode").unwrap().options;
    assert!(modes.iter().any(|mode| mode.code == "sms"), "RTV-27 lists SMS");
    let asked = return_visit.steps.iter().position(|step| step.collects.questions.contains(&"overall_score".into()));
    let signed = return_visit.steps.iter().position(|step| !step.collects.signatures.is_empty());
    assert!(asked < signed, "the customer signs only what was asked before");
    let ticks: Vec<_> =
        load(1).slot("splitter_label").unwrap().must_show.iter().map(|tick| tick.code.clone()).collect();
    assert_eq!(ticks, ["whole_splitter", "order_209_number", "port_info"], "INS-30");
    assert_eq!(load(4).signature("works_supervisor").unwrap().title.zh_cn, "监理/工长");
}

const NOTHING: [&str; 0] = [];

fn install() -> Value {
    let template: Template = serde_saphyr::from_str(FILES[0].1).unwrap();
    serde_json::to_value(template).unwrap()
}

/// The paths of the faults after replacing what a JSON pointer names.
fn faults(pointer: &str, value: Value) -> Vec<String> {
    let mut template = install();
    *template.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
    let template: Template = serde_json::from_value(template).unwrap();
    template.validate().into_iter().map(|fault| fault.path).collect()
}

fn index(template: &Value, list: &str, code: &str) -> usize {
    template[list].as_array().unwrap().iter().position(|x| x["code"] == code || x["check"] == code).unwrap()
}

#[test]
fn each_fault_is_reported_at_its_place() {
    let t = install();
    let at = |list: &str, code: &str, rest: &str| format!("/{list}/{}{rest}", index(&t, list, code));
    let cases = [
        ("/code".to_owned(), json!("Broadband"), "code"),
        ("/version".to_owned(), json!(0), "version"),
        ("/title/en".to_owned(), json!("装机"), "title"),
        (at("steps", "arrive", "/phase"), json!("after"), "steps"),
        (at("steps", "kit_check", "/items/0/code"), json!("done"), "steps[kit_check]"),
        (at("steps", "cabling", "/collects/photos"), json!([]), "photos[outdoor_route]"),
        (at("steps", "cabling", "/collects/photos"), json!(["outdoor_route", "ont_stb"]), "steps[demo].collects"),
        (at("steps", "cabling", "/collects/photos"), json!(["outdoor_route", "roof"]), "steps[cabling].collects"),
        (at("photos", "door_note", "/min"), json!(0), "photos[door_note]"),
        (at("photos", "door_note", "/min"), json!(3), "photos[door_note]"),
        (at("photos", "door_note", "/required_when/question"), json!("nope"), "photos[door_note].required_when"),
        (at("photos", "door_note", "/required_when/question"), json!("satisfied"), "photos[door_note].required_when"),
        (at("photos", "door_note", "/required_when/value"), json!("gone"), "photos[door_note].required_when"),
        (at("photos", "door_note", "/required"), json!(true), "photos[door_note].required_when"),
        (
            at("photos", "activation_form", "/required_when/value"),
            json!("fax"),
            "photos[activation_form].required_when",
        ),
        (
            at("measurements", "optical_power", "/threshold"),
            json!({"op": "gt", "value": "-25,0"}),
            "measurements[optical_power].threshold",
        ),
        (at("measurements", "down_rate", "/threshold/base"), json!("speed"), "measurements[down_rate].threshold"),
        (at("measurements", "down_rate", "/threshold/param"), json!("min_rate"), "measurements[down_rate].threshold"),
        (
            at("measurements", "down_rate", "/threshold/param"),
            json!("absence_wait_from"),
            "measurements[down_rate].threshold",
        ),
        (at("measurements", "down_rate", "/threshold/op"), json!("between"), "measurements[down_rate].threshold"),
        (at("questions", "rating", "/max"), json!(1), "questions[rating]"),
        (at("questions", "cable_kind", "/options"), json!([]), "questions[cable_kind]"),
        (at("questions", "stb_serial", "/code"), json!("ont_serial"), "questions"),
        (at("signatures", "customer_confirmation", "/role"), json!("neighbour"), "signatures[customer_confirmation]"),
        (at("signatures", "customer_confirmation", "/copies"), json!(["press"]), "signatures[customer_confirmation]"),
        (at("rules", "steps_in_order", "/check"), json!("guess"), "rules[INS-05 guess]"),
        (at("rules", "steps_in_order", "/id"), json!("INS-55"), "rules[INS-55 steps_in_order]"),
        (at("rules", "arrival_window", "/params/min_minutes"), json!("5"), "rules[APT-03 arrival_window].min_minutes"),
        (at("rules", "absence_wait", "/params/outcome"), json!("gone"), "rules[APT-06 absence_wait].outcome"),
        (at("rules", "absence_wait", "/params"), json!({}), "rules[APT-06 absence_wait].min_minutes"),
        (at("rules", "equals", "/params/value"), json!("yes"), "rules[INS-37 equals].value"),
        (at("rules", "all_true", "/params/all"), json!(["up_rate.pass"]), "rules[INS-22 all_true].all"),
        (at("rules", "scene_matches_cable", "/params/rural"), json!("hemp"), "rules[INS-14 scene_matches_cable].rural"),
        (
            at("rules", "night_work_may_be_deferred", "/params/from"),
            json!("8 pm"),
            "rules[INS-49 night_work_may_be_deferred].from",
        ),
        (at("rules", "steps_in_order", "/check"), json!("report_same_day"), ""),
    ];
    for (pointer, value, path) in cases {
        let found = faults(&pointer, value.clone());
        if path.is_empty() {
            assert_eq!(found, NOTHING, "{pointer} = {value}");
        } else {
            assert!(found.iter().any(|found| found == path), "{pointer} = {value}: {found:?}");
        }
    }
}

/// Faults as `path: message` after a change of one of the product's templates, each told in both languages.
fn faults_of(file: usize, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let template: Template = serde_saphyr::from_str(FILES[file].1).unwrap();
    let mut template = serde_json::to_value(template).unwrap();
    change(&mut template);
    let template: Template = serde_json::from_value(template).unwrap();
    let faults = template.validate();
    let is_han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for fault in &faults {
        assert!(is_han(&fault.message_zh) && !is_han(&fault.message), "{fault:?}");
    }
    faults.into_iter().map(|fault| format!("{}: {}", fault.path, fault.message)).collect()
}

fn one<'t>(template: &'t mut Value, list: &str, code: &str) -> &'t mut Value {
    let at = index(template, list, code);
    &mut template[list][at]
}

/// Changes a parameter of a rule.
fn param(template: &mut Value, check: &str, key: &str, value: Value) {
    one(template, "rules", check)["params"][key] = value;
}

#[test]
fn a_rule_that_would_be_switched_off_is_a_fault() {
    // A question of another type: its answers would never be seen.
    let found = faults_of(2, |t| {
        one(t, "questions", "severity")["type"] = json!("multi_choice");
        param(t, "handover_accepted_by_next_owner", "question", json!("apology_given"));
    });
    assert_eq!(
        found,
        [
            "rules[CMP-11 compensation_needs_major].severity: severity must be a single choice",
            "rules[CMP-21 handover_accepted_by_next_owner].question: apology_given must be a single choice or a text",
        ]
    );
    // Codes that the check itself knows.
    let found = faults_of(2, |t| one(t, "questions", "responsibility")["options"][0]["code"] = json!("our_fault"));
    assert_eq!(
        found,
        ["rules[CMP-10 no_admission_when_not_ours].responsibility: responsibility needs the option ours"]
    );
    let found = faults_of(5, |t| one(t, "questions", "tier")["options"][0]["code"] = json!("bronze"));
    assert_eq!(
        found,
        [
            "rules[RET-04 level_owner_matches_chain].tier: the check does not know option bronze of tier, only ordinary, silver, gold"
        ]
    );
    // Numbers and days that there are not.
    let found = faults_of(1, |t| param(t, "repeat_repair", "days", json!(-1)));
    assert_eq!(found, ["rules[CMP-13 repeat_repair].days: must be a whole number, not negative"]);
    for day in ["02-31", "04-31", "13-01", "00-10"] {
        let found = faults_of(7, |t| param(t, "date_window", "to", json!(day)));
        assert_eq!(found, ["rules[SUR-07 date_window].to: must be like 11-01"], "{day}");
    }
    assert_eq!(faults_of(7, |t| param(t, "date_window", "to", json!("02-29"))), NOTHING, "in some years");
    // Lists and times of nothing.
    let found = faults_of(0, |t| {
        param(t, "all_true", "all", json!([]));
        for key in ["from", "to"] {
            param(t, "night_work_may_be_deferred", key, json!("20:00"));
        }
        param(t, "arrival_window", "min_minutes", json!(5));
        param(t, "arrival_window", "max_minutes", json!(4));
    });
    assert_eq!(
        found,
        [
            "rules[INS-22 all_true].all: names nothing",
            "rules[APT-03 arrival_window].max_minutes: is less than min_minutes",
            "rules[INS-49 night_work_may_be_deferred].to: equals from: there is no such time",
        ]
    );
    // Beside keys of the policy a number of the template would be turned over by a later policy.
    let found = faults_of(0, |t| {
        param(t, "night_work_may_be_deferred", "from", json!("19:00"));
        param(t, "arrival_window", "max_minutes", json!(9));
    });
    let own = "is a number of the template";
    assert_eq!(
        found,
        [
            format!(
                "rules[APT-03 arrival_window].max_minutes: {own}: min_minutes, max_minutes come all from the policy, or none"
            ),
            format!("rules[INS-49 night_work_may_be_deferred].from: {own}: from, to come all from the policy, or none"),
        ]
    );
    // Nothing in the template that the check could judge.
    let found = faults_of(1, |t| one(t, "questions", "fault_cause")["rules"] = json!([]));
    let en = "no question, a single choice or a text, carries the rule and tells the fault";
    assert_eq!(found, [format!("rules[CMP-13 repeat_repair].check: {en}")]);
    let found = faults_of(4, |t| {
        for slot in t["signatures"].as_array_mut().unwrap() {
            slot["required"] = json!(false);
        }
    });
    assert_eq!(found, ["rules[PRE-04 all_signatures_present].check: no signature is ever required"]);
    let found = faults_of(3, |t| {
        let again = t["rules"][0].clone();
        t["rules"].as_array_mut().unwrap().push(again);
    });
    assert_eq!(found, ["rules[VIS-03 notice_days]: the same rule stands twice"]);
    let found = faults_of(3, |t| t["steps"] = json!([]));
    assert!(found.contains(&"steps: a visit has at least one step".to_owned()), "{found:?}");
}

#[test]
fn a_server_check_cannot_block_a_phone() {
    let mut template = install();
    let rule = index(&template, "rules", "equals");
    template["rules"][rule] = json!({
        "id": "VIS-09", "title": {"en": "Report", "zh-CN": "报告"}, "severity": "block", "check": "report_same_day",
    });
    let template: Template = serde_json::from_value(template).unwrap();
    assert_eq!(template.validate()[0].path, "rules[VIS-09 report_same_day].severity");
}

#[test]
fn a_rule_names_keys_of_the_policy_and_no_others() {
    let mut template: Template = serde_saphyr::from_str(FILES[5].1).unwrap();
    let offer = template.rules.iter_mut().find(|rule| rule.check == "offer_floor").unwrap();
    offer.params.insert("floor_param".into(), json!("floor"));
    let paths: Vec<_> = template.validate().into_iter().map(|fault| fault.path).collect();
    assert_eq!(paths, ["rules[RET-12 offer_floor].floor_param"]);
}

#[test]
fn elements_are_found_by_code() {
    let template: Template = serde_saphyr::from_str(FILES[0].1).unwrap();
    assert_eq!(template.step_of(Element::Photo("door_note")).unwrap().code, "arrive");
    assert_eq!(template.phase_of(Element::Signature("installer_confirmation")), Some(Phase::After));
    assert_eq!(template.step_of(Element::Question("unknown")), None);
    let arrive: Vec<_> = template.step("arrive").unwrap().tick_keys().collect();
    assert_eq!(arrive, [("arrive/done".to_owned(), true)], "a step without items has one implicit tick");
}
