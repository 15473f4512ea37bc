//! Reports and entries by the day: VIS-09, RTV-30, SUR-08.

use sync_core::rules::Verdict;

use super::{CALL, RETURN_VISIT, SURVEY, follows};
use crate::support::Story;

#[test]
fn a_visit_report_is_due_on_the_day() {
    let report = |template: &str, rule: &str, began: &str, done: Option<&str>, now: &str| {
        let mut story = follows(template);
        story.time(began);
        if template == CALL {
            story.event("arrive")
        } else {
            story.contact("phone", "reached")
        };
        if let Some(done) = done {
            story.time(done).event("submit");
        }
        story.time(now).verdict_of(rule)
    };
    let same = |done, now| report(CALL, "VIS-09", "14:00", done, now);
    assert_eq!(same(Some("2025-03-04T23:59"), "2025-03-06T10:00"), Verdict::Pass);
    assert_eq!(same(Some("2025-03-05T00:00"), "2025-03-06T10:00"), Verdict::Fail);
    assert_eq!(same(None, "2025-03-04T23:59"), Verdict::NotApplicable, "still time");
    assert_eq!(same(None, "2025-03-05T00:00"), Verdict::Fail);

    let next = |done, now| report(RETURN_VISIT, "RTV-30", "14:00", done, now);
    assert_eq!(next(Some("2025-03-05T23:59"), "2025-03-06T10:00"), Verdict::Pass);
    assert_eq!(next(Some("2025-03-06T00:00"), "2025-03-06T10:00"), Verdict::Fail);
    assert_eq!(next(None, "2025-03-05T23:59"), Verdict::NotApplicable);
    assert_eq!(next(None, "2025-03-06T00:00"), Verdict::Fail);
    assert_eq!(follows(CALL).verdict_of("VIS-09"), Verdict::NotApplicable, "nobody began");
}

#[test]
fn a_clock_that_leaves_the_day_open_leaves_the_report_open() {
    let near_midnight = |err| {
        let mut story = follows(CALL);
        story.clock.err_ms = err;
        story.time("14:00").event("arrive").time("23:59").event("submit");
        story.verdict_of("VIS-09")
    };
    assert_eq!(near_midnight(Some(0)), Verdict::Pass);
    assert_eq!(near_midnight(Some(120_000)), Verdict::Undetermined);
    assert_eq!(near_midnight(None), Verdict::Undetermined, "a clock never compared proves nothing");

    // The visit itself began at midnight: within the error of the clock its day is one of two.
    let mut story = follows(CALL);
    story.clock.err_ms = Some(120_000);
    story.time("2025-03-05T00:00").event("arrive").time("2025-03-05T10:00").event("submit");
    assert_eq!(story.verdict_of("VIS-09"), Verdict::Undetermined);
}

fn survey(entered: &str, done: &str) -> Story {
    let mut story = follows(SURVEY);
    story.time("10:00").answer("f1", 4).time(entered).answer("f2", 5).time(done).event("submit");
    story
}

#[test]
fn answers_are_entered_on_the_day_of_the_finish() {
    assert_eq!(survey("10:10", "23:59").verdict_of("SUR-08"), Verdict::Pass);
    let next_day = survey("10:10", "2025-03-05T00:00");
    let trace = next_day.trace("SUR-08", "completed");
    assert_eq!((trace.verdict, trace.inputs["other_day"].as_str()), (Verdict::Fail, "f2"));
    assert_eq!(survey("2025-03-03T23:59", "11:00").verdict_of("SUR-08"), Verdict::Fail);
    let mut open = follows(SURVEY);
    open.answer("f1", 4);
    assert_eq!(open.verdict_of("SUR-08"), Verdict::NotApplicable, "not handed in");
    let mut empty = follows(SURVEY);
    empty.time("11:00").event("submit");
    assert_eq!(empty.verdict_of("SUR-08"), Verdict::NotApplicable, "nothing was answered");
    let mut doubtful = follows(SURVEY);
    doubtful.clock.err_ms = Some(120_000);
    doubtful.time("23:59").answer("f1", 4).event("submit");
    assert_eq!(doubtful.verdict_of("SUR-08"), Verdict::Undetermined);
}
