//! The checks of the catalogue over the built-in templates: pass, fail, boundary, and what is not known.

#![expect(clippy::expect_used, reason = "the helpers of tests may panic")]

mod calls;
mod complaint;
mod repairs;
mod reports;
mod retention;
mod return_visits;
mod survey;

use crate::support::{Story, install};
use sync_core::rules::{Verdict, findings};
use sync_core::template::model::Severity;

const CALL: &str = include_str!("../../data/templates/customer_call.yaml");
const COMPLAINT: &str = include_str!("../../data/templates/complaint_visit.yaml");
const INSPECTION: &str = include_str!("../../data/templates/pre_acceptance_inspection.yaml");
const REPAIR: &str = include_str!("../../data/templates/broadband_repair.yaml");
const RETENTION: &str = include_str!("../../data/templates/retention_visit.yaml");
const RETURN_VISIT: &str = include_str!("../../data/templates/return_visit.yaml");
const SURVEY: &str = include_str!("../../data/templates/service_survey.yaml");

/// A visit that follows one of the built-in templates.
fn follows(template: &str) -> Story {
    let mut story = install();
    story.template = serde_saphyr::from_str(template).expect("a built-in template");
    story
}

/// Changes a parameter of a rule.
fn set(story: &mut Story, check: &str, key: &str, value: impl Into<serde_json::Value>) {
    let rule = story.template.rules.iter_mut().find(|rule| rule.check == check).expect("a rule with this check");
    rule.params.insert(key.into(), value.into());
}

/// A rule that lacks an input says which in both languages, and neither passes nor stops the visit.
fn lacks(story: &Story, rule: &str, input: &str) {
    let trace = story.trace(rule, "completed");
    assert_eq!(trace.verdict, Verdict::Undetermined, "{rule}: {}", trace.text.en);
    assert_eq!(trace.inputs.get(input).map(String::as_str), Some("absent"), "{rule}: {:?}", trace.inputs);
    assert!(trace.text.en.ends_with("is not known"), "{rule}: {}", trace.text.en);
    assert!(trace.text.zh_cn.ends_with("未知，无法判定"), "{rule}: {}", trace.text.zh_cn);
    assert!(!story.blockers("completed").iter().any(|blocker| blocker.subject == rule), "{rule} stops nothing");
}

#[test]
fn a_check_knows_nothing_but_what_the_catalogue_says_it_reads() {
    use sync_core::rules::background::{CREW_ROLES, NOTIFIED_AT, SITE_REPAIRS};
    let repair = follows(REPAIR).template;
    assert!(SITE_REPAIRS.is_read_by(&repair) && !CREW_ROLES.is_read_by(&repair));
    assert!(NOTIFIED_AT.is_read_by(&follows(CALL).template) && !SITE_REPAIRS.is_read_by(&install().template));
    assert_eq!(sync_core::rules::background::fault_questions(&repair), ["fault_cause"]);
}

#[test]
fn what_only_the_server_judges_stops_no_phone() {
    let mut story = follows(REPAIR);
    for rule in &mut story.template.rules {
        rule.severity = Severity::Block;
    }
    story.answer("fault_cause", "cable").time("09:52").event("arrive");
    story.background.site_repairs = Some(vec![repairs::earlier("2025-02-20T10:00", "cable")]);
    assert_eq!(story.verdict_of("CMP-13"), Verdict::Fail);
    assert!(!story.blockers("completed").iter().any(|blocker| blocker.subject == "CMP-13"));
    let flag = findings(&story.facts()).into_iter().find(|finding| finding.subject == "CMP-13");
    let flag = flag.map(|finding| (finding.code, finding.detail));
    assert_eq!(flag, Some(("rule_failed".to_owned(), Some("repeat_repair".to_owned()))), "the office sees it");
}

#[test]
fn a_rule_speaks_to_the_office_once_its_moment_has_come() {
    let mut story = follows(SURVEY);
    let failed = |story: &Story| {
        let found = findings(&story.facts()).into_iter().filter(|finding| finding.code == "rule_failed");
        found.map(|finding| finding.subject).collect::<Vec<_>>()
    };
    assert_eq!(story.verdict_of("SUR-07"), Verdict::Fail, "4 March lies outside the field work");
    assert_eq!(failed(&story), [""; 0], "nobody has begun");
    story.tick("announce/done", true);
    assert_eq!(failed(&story), [""; 0], "announcing is preparation");
    story.answer("f1", 3);
    assert_eq!(failed(&story), ["SUR-07", "SUR-09"], "one of nine questions is answered");
}
