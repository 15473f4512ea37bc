//! Complaints: CMP-01, CMP-10, CMP-11, CMP-21.

use serde_json::json;
use sync_core::rules::Verdict;
use sync_core::rules::background::{Complaint, Handover};

use super::{COMPLAINT, follows, lacks, set};
use crate::support::at;

#[test]
fn a_complaint_is_answered_within_24_hours() {
    // F-32: received 2025-03-03 20:15, due a day later to the minute.
    let received_at = at("2025-03-03T20:15");
    let by_office = |answered: Option<&str>, now: &str| {
        let mut story = follows(COMPLAINT);
        story.background.complaint = Some(Complaint { received_at, answered_at: answered.map(at) });
        story.time(now);
        story.verdict_of("CMP-01")
    };
    assert_eq!(by_office(Some("2025-03-04T09:05"), "21:00"), Verdict::Pass, "S-10");
    assert_eq!(by_office(Some("2025-03-04T20:15"), "21:00"), Verdict::Pass);
    assert_eq!(by_office(Some("2025-03-04T20:16"), "21:00"), Verdict::Fail);
    assert_eq!(by_office(None, "20:15"), Verdict::NotApplicable, "still time");
    assert_eq!(by_office(None, "20:16"), Verdict::Fail);

    let by_crew = |written: &str, err: i64| {
        let mut story = follows(COMPLAINT);
        story.background.complaint = Some(Complaint { received_at, answered_at: None });
        story.clock.err_ms = Some(err);
        story.time(written).answer("first_answer", "we come on Friday");
        story.time("23:00").verdict_of("CMP-01")
    };
    assert_eq!(by_crew("20:15", 0), Verdict::Pass);
    assert_eq!(by_crew("20:15", 1_000), Verdict::Undetermined);
    assert_eq!(by_crew("20:16", 0), Verdict::Undetermined, "the text may have been written anew");
    let by_both = |written: &str, answered: &str| {
        let mut story = follows(COMPLAINT);
        story.background.complaint = Some(Complaint { received_at, answered_at: Some(at(answered)) });
        story.time(written).answer("first_answer", "we come on Friday");
        story.time("23:00").verdict_of("CMP-01")
    };
    assert_eq!(by_both("10:00", "2025-03-05T09:00"), Verdict::Pass, "whoever answered first");
    assert_eq!(by_both("20:40", "2025-03-04T20:30"), Verdict::Fail);
    let mut story = follows(COMPLAINT);
    lacks(&story, "CMP-01", "background/complaint");
    story.background.complaint = Some(Complaint { received_at, answered_at: Some(at("2025-03-04T09:05")) });
    assert_eq!(story.trace("CMP-01", "completed").inputs["due_at"], "2025-03-04T12:15:00.000Z");
    set(&mut story, "answer_within", "hours", json!(12));
    assert_eq!(story.verdict_of("CMP-01"), Verdict::Fail, "the hours are the template's");
}

#[test]
fn compensation_needs_a_major_complaint_and_its_approval() {
    let mut story = follows(COMPLAINT);
    assert_eq!(story.verdict_of("CMP-11"), Verdict::NotApplicable);
    story.answer("solution", "refund");
    assert_eq!(story.verdict_of("CMP-11"), Verdict::NotApplicable);
    story.answer("solution", "compensation").answer("severity", "ordinary");
    story.background.major_approved = Some(true);
    assert_eq!(story.verdict_of("CMP-11"), Verdict::Fail);
    assert!(story.blockers("completed").iter().any(|blocker| blocker.subject == "CMP-11"));
    story.answer("severity", "major");
    assert_eq!(story.verdict_of("CMP-11"), Verdict::Pass);
    story.background.major_approved = Some(false);
    assert_eq!(story.verdict_of("CMP-11"), Verdict::Fail);
    story.background.major_approved = None;
    lacks(&story, "CMP-11", "background/major_approved");
}

#[test]
fn an_apology_is_due_for_our_fault_alone() {
    let mut story = follows(COMPLAINT);
    assert_eq!(story.verdict_of("CMP-10"), Verdict::NotApplicable);
    story.answer("responsibility", "ours");
    assert_eq!(story.verdict_of("CMP-10"), Verdict::Fail);
    story.answer("apology_given", true);
    assert_eq!(story.verdict_of("CMP-10"), Verdict::Pass);
    story.answer("responsibility", "not_ours").answer("apology_given", false);
    let trace = story.trace("CMP-10", "completed");
    assert_eq!((trace.verdict, trace.text.zh_cn.contains("不得认错")), (Verdict::Pass, true));
    story.answer("responsibility", "unclear");
    assert_eq!(story.verdict_of("CMP-10"), Verdict::NotApplicable);
}

#[test]
fn ownership_moves_with_acceptance_alone() {
    let mut story = follows(COMPLAINT);
    assert_eq!(story.verdict_of("CMP-21"), Verdict::NotApplicable);
    story.answer("next_owner", " ");
    assert_eq!(story.verdict_of("CMP-21"), Verdict::NotApplicable);
    story.answer("next_owner", "network department");
    lacks(&story, "CMP-21", "background/handover");
    for (has_moved, is_accepted, verdict) in [
        (true, true, Verdict::Pass),
        (false, true, Verdict::Pass),
        (false, false, Verdict::Pass),
        (true, false, Verdict::Fail),
    ] {
        story.background.handover = Some(Handover { has_moved, is_accepted });
        assert_eq!(story.verdict_of("CMP-21"), verdict, "moved {has_moved}, accepted {is_accepted}");
    }
}
