//! What follows a repair and an acceptance: CMP-13, WAR-01.

use sync_core::ids::VisitId;
use sync_core::rules::background::{Quality, SiteRepair};
use sync_core::rules::{Background, Verdict};
use sync_core::visit::VisitState;

use super::{INSPECTION, REPAIR, follows, lacks, set};
use crate::support::at;

/// An earlier repair of the site.
pub fn earlier(time: &str, fault: &str) -> SiteRepair {
    SiteRepair { visit: VisitId::from_bytes([6; 16]), at: at(time), fault: fault.into() }
}

#[test]
fn the_same_fault_within_thirty_days_is_a_repeat() {
    let mut story = follows(REPAIR);
    assert_eq!(story.verdict_of("CMP-13"), Verdict::NotApplicable);
    story.time("2025-03-31T09:52").event("arrive");
    lacks(&story, "CMP-13", "answers/fault_cause");
    story.answer("fault_cause", "cable");
    lacks(&story, "CMP-13", "background/site_repairs");
    for (repaired, fault, verdict) in [
        ("2025-03-01T09:00", "cable", Verdict::Fail),
        ("2025-02-28T23:59", "cable", Verdict::Pass),
        ("2025-03-19T09:00", "cable", Verdict::Fail),
        ("2025-03-19T09:00", "terminal", Verdict::Pass),
        ("2025-04-01T09:00", "cable", Verdict::Pass),
    ] {
        story.background.site_repairs = Some(vec![earlier(repaired, fault)]);
        assert_eq!(story.verdict_of("CMP-13"), verdict, "{repaired} {fault}");
    }
    story.background.site_repairs = Some(vec![]);
    assert_eq!(story.verdict_of("CMP-13"), Verdict::Pass);
    // S-05: the same fault twelve days later; of several the newest is named.
    story.background.site_repairs =
        Some(vec![earlier("2025-03-19T09:00", "cable"), earlier("2025-03-02T09:00", "cable")]);
    assert_eq!(story.trace("CMP-13", "completed").inputs["days"], "12");
    set(&mut story, "repeat_repair", "days", 11);
    assert_eq!(story.verdict_of("CMP-13"), Verdict::Pass, "the days are the template's");
}

#[test]
fn a_warranty_task_follows_an_approved_pass() {
    let mut story = follows(INSPECTION);
    assert_eq!(story.verdict_of("WAR-01"), Verdict::NotApplicable);
    story.answer("result", "fail");
    assert_eq!(story.verdict_of("WAR-01"), Verdict::NotApplicable);
    story.answer("result", "pass_with_remarks");
    lacks(&story, "WAR-01", "background/is_approved");
    story.background.is_approved = Some(false);
    assert_eq!(story.verdict_of("WAR-01"), Verdict::NotApplicable);
    story.background.is_approved = Some(true);
    lacks(&story, "WAR-01", "background/has_warranty_task");
    story.background.has_warranty_task = Some(false);
    assert_eq!(story.verdict_of("WAR-01"), Verdict::Fail);
    story.background.has_warranty_task = Some(true);
    assert_eq!(story.verdict_of("WAR-01"), Verdict::Pass);
}

#[test]
fn what_the_review_says_of_a_visit_is_known() {
    use VisitState as S;
    for (state, is_approved, quality) in [
        (S::UnderReview, false, Quality::Waiting),
        (S::Returned, false, Quality::Redo),
        (S::Approved, true, Quality::Accepted),
        (S::Closed, true, Quality::Accepted),
    ] {
        let background = Background::default().reviewed(state);
        assert_eq!((background.is_approved, background.quality), (Some(is_approved), Some(quality)), "{state:?}");
    }
}
