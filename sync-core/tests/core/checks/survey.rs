//! The service-needs survey: SUR-16, SUR-17, SUR-19.

use sync_core::rules::Verdict;
use sync_core::rules::background::Quality;
use sync_core::rules::params::faults;

use super::{SURVEY, follows, lacks, set};

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
