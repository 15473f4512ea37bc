//! Return visits: RTV-06 to RTV-15 and RTV-23.

use sync_core::formulas::{ReturnBounds, ReturnLevel, ReturnVisitKind};
use sync_core::plan::CalendarRow;
use sync_core::rules::background::{Complaint, PlannedReturnVisit, ReturnVisit};
use sync_core::rules::{Verdict, findings};
use sync_core::template::model::Severity;

use super::{COMPLAINT, RETURN_VISIT, follows, lacks, set};
use crate::support::{Story, at};

/// A return visit by this level after what happened at that time.
fn return_visit(trigger: &str, level: ReturnLevel, trigger_at: &str) -> Story {
    let mut story = follows(RETURN_VISIT);
    story.plan.work_order.as_mut().expect("an order").fields.insert("trigger".into(), trigger.into());
    let kind = ReturnVisitKind::Periodic;
    story.background.return_visit = Some(ReturnVisit { kind, level, trigger_at: at(trigger_at) });
    story
}

// Rule: GEN-02
#[test]
fn a_return_visit_lies_in_the_window_of_its_level() {
    use ReturnLevel::{Agent, Branch, Dealer, Headquarters, Region};
    for (rule, trigger, level, contact, verdict) in [
        ("RTV-06", "delivery", Agent, "2025-03-04T15:00", Verdict::Pass),
        ("RTV-06", "delivery", Agent, "2025-03-04T15:01", Verdict::Fail),
        ("RTV-07", "install_done", Agent, "2025-03-03T15:00", Verdict::Pass),
        ("RTV-07", "install_done", Agent, "2025-03-03T14:59", Verdict::Fail),
        ("RTV-09", "sale", Dealer, "2025-03-06T23:59", Verdict::Pass),
        ("RTV-09", "sale", Dealer, "2025-03-07T00:00", Verdict::Fail),
        ("RTV-09", "sale", Headquarters, "2025-03-07T00:00", Verdict::Pass),
        ("RTV-09", "sale", Headquarters, "2025-03-06T23:59", Verdict::Fail),
        ("RTV-09", "sale", Region, "2025-03-06T10:00", Verdict::NotApplicable),
        ("RTV-10", "service_done", Dealer, "2025-03-05T23:59", Verdict::Fail),
        ("RTV-10", "service_done", Dealer, "2025-03-06T00:00", Verdict::Pass),
        ("RTV-10", "service_done", Headquarters, "2025-03-13T23:59", Verdict::Pass),
        ("RTV-11", "complaint", Region, "2025-03-05T23:59", Verdict::Pass),
        ("RTV-11", "complaint", Headquarters, "2025-03-11T00:00", Verdict::Fail),
        ("RTV-13", "account_opening", Branch, "2025-03-06T23:59", Verdict::Pass),
        ("RTV-13", "account_opening", Branch, "2025-03-07T00:00", Verdict::Fail),
        ("RTV-13", "sale", Branch, "2025-03-07T00:00", Verdict::NotApplicable),
    ] {
        let mut story = return_visit(trigger, level, "2025-03-03T15:00");
        story.time(contact).contact("phone", "reached").answer("contact_result", "done");
        assert_eq!(story.verdict_of(rule), verdict, "{rule} {trigger} {level:?} {contact}");
    }
}

#[test]
fn a_window_in_working_days_follows_the_calendar() {
    let mut story = return_visit("account_opening", ReturnLevel::Branch, "2025-04-30T15:00");
    story.time("2025-05-08T10:00").contact("phone", "reached");
    assert_eq!(story.verdict_of("RTV-13"), Verdict::Fail);
    let holidays = ["2025-05-01", "2025-05-02", "2025-05-05"].map(str::to_owned).to_vec();
    story.calendar = CalendarRow { version: 2, holidays, make_up_days: vec![], published_at_ms: None };
    assert_eq!(story.verdict_of("RTV-13"), Verdict::Pass, "three holidays later");
}

#[test]
fn a_contact_is_one_that_reached_the_customer() {
    let mut story = return_visit("install_done", ReturnLevel::Agent, "2025-03-03T15:00");
    story.time("2025-03-03T16:00").contact("phone", "no_answer");
    story.time("2025-03-04T15:00");
    assert_eq!(story.verdict_of("RTV-07"), Verdict::NotApplicable, "the window is open");
    story.time("2025-03-04T15:01");
    assert_eq!(story.verdict_of("RTV-07"), Verdict::Fail, "the window is closed");
    let mut doubtful = return_visit("install_done", ReturnLevel::Agent, "2025-03-03T15:00");
    doubtful.clock.err_ms = Some(120_000);
    doubtful.time("2025-03-04T15:01").contact("phone", "reached");
    assert_eq!(doubtful.verdict_of("RTV-07"), Verdict::Undetermined, "within the error of the clock");
    story.background.return_visit = None;
    lacks(&story, "RTV-07", "background/return_visit");
}

#[test]
fn two_return_visits_fill_a_quarter() {
    use ReturnVisitKind::{Anomaly, Opening, Periodic, PostSale, Special};
    let cap = |done: &[ReturnVisitKind], next| {
        let mut story = return_visit("none", ReturnLevel::Branch, "2025-03-03T15:00");
        story.background.return_visit.as_mut().expect("a return visit").kind = next;
        story.background.quarter_visits = Some(done.to_vec());
        story
    };
    assert_eq!(cap(&[Opening], Periodic).verdict_of("RTV-15"), Verdict::Pass, "F-17");
    assert_eq!(cap(&[Opening, Anomaly, Special], Periodic).verdict_of("RTV-15"), Verdict::Pass);
    let full = cap(&[Opening, Periodic], Periodic);
    let trace = full.trace("RTV-15", "completed");
    assert_eq!((trace.verdict, trace.severity), (Verdict::Fail, Severity::Block));
    assert!(full.blockers("completed").iter().any(|blocker| blocker.subject == "RTV-15"));
    assert_eq!(cap(&[Opening, Periodic], Special).verdict_of("RTV-15"), Verdict::Pass, "a special one does not count");

    let mut mandatory = cap(&[Opening, Periodic], PostSale);
    mandatory.event("arrive");
    let trace = mandatory.trace("RTV-15", "completed");
    assert_eq!((trace.verdict, trace.severity), (Verdict::Fail, Severity::Warn), "it runs and is flagged");
    assert!(!mandatory.blockers("completed").iter().any(|blocker| blocker.subject == "RTV-15"));
    assert!(findings(&mandatory.facts()).iter().any(|finding| finding.subject == "RTV-15"));

    let mut story = cap(&[Opening, Periodic], Periodic);
    set(&mut story, "quarter_cap", "max", 3);
    assert_eq!(story.verdict_of("RTV-15"), Verdict::Pass, "the cap is the template's");
    set(&mut story, "quarter_cap", "max", 2);
    set(&mut story, "quarter_cap", "exempt", serde_json::json!(["opening"]));
    assert_eq!(story.verdict_of("RTV-15"), Verdict::Pass, "so are the exempt kinds");
    story.background.quarter_visits = None;
    lacks(&story, "RTV-15", "background/quarter_visits");
    story.background.return_visit = None;
    lacks(&story, "RTV-15", "background/return_visit");
    story.plan.work_order.as_mut().expect("an order").fields.insert("trigger".into(), "sale".into());
    story.background.quarter_visits = Some(vec![]);
    assert_eq!(story.trace("RTV-15", "completed").inputs["kind"], "post_sale", "the order tells the kind");
}

#[test]
fn return_visits_are_planned_after_a_complaint() {
    let day = |text: &str| sync_core::calendar::parse_day(text).expect("a day");
    let planned = |level, opens, closes| PlannedReturnVisit {
        level,
        window: ReturnBounds::Days { opens: day(opens), closes: day(closes) },
    };
    let mut story = follows(COMPLAINT);
    lacks(&story, "RTV-11", "background/complaint");
    story.background.complaint = Some(Complaint { received_at: at("2025-03-03T20:15"), answered_at: None });
    lacks(&story, "RTV-11", "background/planned_return_visits");
    // S-10: dealer by 2025-03-05, headquarters from 2025-03-06 to 2025-03-10.
    let mut all = vec![
        planned(ReturnLevel::Dealer, "2025-03-03", "2025-03-05"),
        planned(ReturnLevel::Region, "2025-03-03", "2025-03-05"),
        planned(ReturnLevel::Headquarters, "2025-03-06", "2025-03-10"),
    ];
    story.background.planned_return_visits = Some(all.clone());
    assert_eq!(story.verdict_of("RTV-11"), Verdict::Pass);
    all[2] = planned(ReturnLevel::Headquarters, "2025-03-06", "2025-03-11");
    story.background.planned_return_visits = Some(all);
    let trace = story.trace("RTV-11", "completed");
    assert_eq!((trace.verdict, trace.inputs["missing"].as_str()), (Verdict::Fail, "headquarters"));

    // After a service the visit itself is what makes them due.
    set(&mut story, "schedule_return_visits", "trigger", "service_done");
    assert_eq!(story.verdict_of("RTV-11"), Verdict::NotApplicable, "not handed in");
    story.event("submit");
    assert_eq!(story.verdict_of("RTV-11"), Verdict::Fail);
    story.background.planned_return_visits = Some(vec![
        planned(ReturnLevel::Dealer, "2025-03-04", "2025-03-06"),
        planned(ReturnLevel::Region, "2025-03-04", "2025-03-06"),
        planned(ReturnLevel::Headquarters, "2025-03-07", "2025-03-11"),
    ]);
    assert_eq!(story.verdict_of("RTV-11"), Verdict::Pass);
}
