//! Planned calls on customers: VIS-03, VIS-10.

use sync_core::formulas::TurnoverTier;
use sync_core::rules::Verdict;
use sync_core::rules::background::NextCall;
use sync_core::rules::params::faults;

use super::{CALL, follows, lacks, set};
use crate::support::at;

#[test]
fn a_customer_is_told_seven_days_ahead() {
    // F-35: a visit on 2025-03-20 is told on 2025-03-13 at the latest.
    let mut story = follows(CALL);
    story.plan.appointment.as_mut().expect("an appointment").start_ms = at("2025-03-20T10:00");
    lacks(&story, "VIS-03", "background/notified_at");
    for (told, verdict) in [("2025-03-13T23:59", Verdict::Pass), ("2025-03-14T00:00", Verdict::Fail)] {
        story.background.notified_at = Some(at(told));
        assert_eq!(story.verdict_of("VIS-03"), verdict, "{told}");
    }
    assert_eq!(story.trace("VIS-03", "completed").inputs["latest_notice"], "2025-03-13");
    set(&mut story, "notice_days", "min_days", 6);
    assert_eq!(story.verdict_of("VIS-03"), Verdict::Pass, "the days are the template's");
    story.plan.appointment = None;
    story.plan.visit.planned_start_ms = None;
    let trace = story.trace("VIS-03", "completed");
    assert_eq!((trace.verdict, trace.text.en.as_str()), (Verdict::Undetermined, "the planned day is not known"));
}

// Rule: GEN-04
#[test]
fn the_next_call_follows_the_tier() {
    let mut story = follows(CALL);
    assert_eq!(story.verdict_of("VIS-10"), Verdict::NotApplicable);
    story.time("2025-01-31T10:00").event("arrive");
    lacks(&story, "VIS-10", "background/turnover_tier");
    story.background.turnover_tier = Some(TurnoverTier::L1);
    lacks(&story, "VIS-10", "background/next_call");
    // A month after 31 January is the last day of February (GEN-04).
    for (tier, next, verdict) in [
        (TurnoverTier::L1, "2025-02-28T23:59", Verdict::Pass),
        (TurnoverTier::L1, "2025-03-01T00:00", Verdict::Fail),
        (TurnoverTier::L1, "2025-01-31T10:00", Verdict::Fail),
        (TurnoverTier::L2, "2025-04-30T10:00", Verdict::Pass),
        (TurnoverTier::L2, "2025-05-01T10:00", Verdict::Fail),
        (TurnoverTier::L3, "2025-07-31T10:00", Verdict::Pass),
        (TurnoverTier::L3, "2025-08-01T10:00", Verdict::Fail),
    ] {
        story.background.turnover_tier = Some(tier);
        story.background.next_call = Some(NextCall::At(at(next)));
        assert_eq!(story.verdict_of("VIS-10"), verdict, "{tier:?} {next}");
    }
    story.background.next_call = Some(NextCall::NotPlanned);
    assert_eq!(story.verdict_of("VIS-10"), Verdict::Fail);
    set(&mut story, "frequency_by_tier", "L3", "sometimes");
    let rule = story.template.rules.iter().find(|rule| rule.check == "frequency_by_tier").expect("a rule");
    assert_eq!(faults(&story.template, rule)[0].key, "L3");
    assert_eq!(story.verdict_of("VIS-10"), Verdict::Undetermined);
}
