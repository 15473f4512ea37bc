//! The service-needs survey: SUR-16, SUR-17, SUR-19.

use sync_core::rules::Verdict;
use sync_core::rules::background::Quality;
use sync_core::rules::faults;

use super::{SURVEY, follows, lacks, set};
use crate::support::Story;

#[test]
fn field_work_is_judged_by_the_day_on_which_it_began() {
    let mut story = follows(SURVEY);
    story.time("2025-01-10T12:00").tick("announce/done", true);
    assert_eq!(story.verdict_of("SUR-07"), Verdict::Pass);
    story.time("2025-01-11T12:00");
    assert_eq!(story.verdict_of("SUR-07"), Verdict::Fail, "announced in time, not begun");
    story.time("2025-01-10T12:30").answer("f1", 3).time("2025-01-12T09:00").answer("f2", 3);
    let trace = story.trace("SUR-07", "completed");
    assert_eq!((trace.verdict, trace.inputs["local_date"].as_str()), (Verdict::Pass, "2025-01-10"));
    assert_eq!(trace.inputs["started"], "2025-01-10T04:30:00.000Z");
    story.time("2025-03-04T12:00");
    assert_eq!(story.verdict_of("SUR-07"), Verdict::Pass, "whenever somebody looks");
    // A reading, a photo or an arrival begin it as well.
    let began_by = |write: &dyn Fn(&mut Story)| {
        let mut story = follows(SURVEY);
        write(story.time("2024-11-01T00:00"));
        story.time("2025-03-04T12:00").verdict_of("SUR-07")
    };
    assert_eq!(
        began_by(&|story| {
            story.measure("units", "12", "count");
        }),
        Verdict::Pass
    );
    assert_eq!(began_by(&|story| drop(story.photo("store_front", None))), Verdict::Pass);
    assert_eq!(
        began_by(&|story| {
            story.tick("same_day_entry/done", true);
        }),
        Verdict::Pass
    );
    assert_eq!(
        began_by(&|story| {
            story.event("arrive");
        }),
        Verdict::Pass
    );
    assert_eq!(
        began_by(&|story| {
            story.event("depart");
        }),
        Verdict::Fail,
        "on the way"
    );
}

#[test]
fn ten_interviews_a_day_one_in_each_band() {
    let day = |low: Option<&str>, middle: &str, high: &str| {
        let mut story = follows(SURVEY);
        let bands = [("interviews_low", low), ("interviews_middle", Some(middle)), ("interviews_high", Some(high))];
        for (band, count) in bands {
            if let Some(count) = count {
                story.measure(band, count, "count");
            }
        }
        story
    };
    let verdict = |low, middle, high| day(low, middle, high).verdict_of("SUR-16");
    assert_eq!(verdict(Some("2"), "6", "2"), Verdict::Pass, "F-29");
    assert_eq!(verdict(Some("2"), "5", "2"), Verdict::Fail, "nine");
    assert_eq!(verdict(Some("0"), "8", "2"), Verdict::Fail, "an empty band");
    assert_eq!(verdict(Some("1"), "8", "1"), Verdict::Pass);
    let unwritten = day(None, "8", "2").trace("SUR-16", "completed");
    assert_eq!((unwritten.verdict, unwritten.inputs["empty_bands"].as_str()), (Verdict::Fail, "interviews_low"));
    assert_eq!(verdict(Some("many"), "8", "2"), Verdict::Undetermined);
    assert_eq!(follows(SURVEY).verdict_of("SUR-16"), Verdict::NotApplicable, "no interviews that day");
    let mut story = day(Some("2"), "6", "2");
    set(&mut story, "interviews_per_day", "min", 11);
    assert_eq!(story.verdict_of("SUR-16"), Verdict::Fail, "the minimum is the template's");
}

#[test]
fn the_weights_of_the_merge_add_up_to_one() {
    let weights = |needs: &str, market: &str| {
        let mut story = follows(SURVEY);
        set(&mut story, "merge_weights", "needs", needs);
        set(&mut story, "merge_weights", "market", market);
        // The template says all of them, or the policy does.
        set(&mut story, "merge_weights", "internal", "0.20");
        let rule = story.template.rules.iter().find(|rule| rule.check == "merge_weights").expect("a rule");
        (story.verdict_of("SUR-19"), faults(&story.template, rule).len())
    };
    assert_eq!(weights("0.40", "0.40"), (Verdict::Pass, 0));
    assert_eq!(weights("0.40", "0.41"), (Verdict::Fail, 1));
    assert_eq!(weights("1", "-0.20"), (Verdict::Undetermined, 2), "no share");
    assert_eq!(weights("most", "0.40"), (Verdict::Undetermined, 2));
}

#[test]
fn a_response_waits_for_the_quality_check() {
    let mut story = follows(SURVEY);
    assert_eq!(story.verdict_of("SUR-17"), Verdict::NotApplicable);
    story.event("submit");
    lacks(&story, "SUR-17", "background/quality");
    for (quality, verdict) in
        [(Quality::Waiting, Verdict::Undetermined), (Quality::Accepted, Verdict::Pass), (Quality::Redo, Verdict::Fail)]
    {
        story.background.quality = Some(quality);
        assert_eq!(story.verdict_of("SUR-17"), verdict, "{quality:?}");
    }
}
