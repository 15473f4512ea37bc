//! Planned calls on customers: VIS-03, VIS-10.

use sync_core::calendar::Zone;
use sync_core::clock::NotedBy;
use sync_core::formulas::{ReturnLevel, ReturnVisitKind, TurnoverTier};
use sync_core::plan::AppointmentChange;
use sync_core::rules::background::{Complaint, NextCall, ReturnVisit};
use sync_core::rules::faults;
use sync_core::rules::{Background, Verdict};

use super::{CALL, follows, lacks, set};
use crate::support::{Story, at};

// Rule: APT-12
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
    // What the plan says: when it was agreed, or when the customer was told of its last change.
    let appointment = story.plan.appointment.as_mut().expect("an appointment");
    appointment.agreed_at_ms = Some(at("2025-03-10T09:00"));
    assert_eq!(known(&story).notified_at, Some(at("2025-03-10T09:00")));
    let order = story.plan.work_order.as_mut().expect("an order");
    order.fields.insert("noticed_on".into(), "2025-03-12".into());
    assert_eq!(known(&story).notified_at, Some(at("2025-03-10T09:00")), "only of a call");
    story.plan.work_order.as_mut().expect("an order").kind = "call".into();
    assert_eq!(known(&story).notified_at, Some(at("2025-03-12T00:00")), "what the order says of it itself");
    let change = AppointmentChange {
        from_ms: at("2025-03-19T10:00"),
        to_ms: at("2025-03-20T10:00"),
        notified_at_ms: at("2025-03-15T09:00"),
        notified_by: NotedBy::Server,
        proposed_by_us: true,
        reason: None,
    };
    story.plan.appointment.as_mut().expect("an appointment").changes = vec![change];
    assert_eq!(known(&story).notified_at, Some(at("2025-03-15T09:00")));
    story.plan.appointment = None;
    assert_eq!(known(&story).notified_at, Some(at("2025-03-12T00:00")));
    story.plan.work_order = None;
    assert_eq!(known(&story).notified_at, None);
    story.plan.visit.planned_start_ms = None;
    let trace = story.trace("VIS-03", "completed");
    assert_eq!((trace.verdict, trace.text.en.as_str()), (Verdict::Undetermined, "the planned day is not known"));
}

/// What the plan rows of a story say.
pub fn known(story: &Story) -> Background {
    Background::of_plan(&story.plan, &Zone::default())
}

#[test]
fn an_order_tells_what_its_fields_say() {
    let mut story = follows(CALL);
    let mut order = |kind: &str, fields: &[(&str, &str)]| {
        let order = story.plan.work_order.as_mut().expect("an order");
        order.kind = kind.into();
        order.fields = fields.iter().map(|(key, text)| ((*key).into(), (*text).into())).collect();
        known(&story)
    };
    assert_eq!(order("call", &[("tier", "L2")]).turnover_tier, Some(TurnoverTier::L2));
    assert_eq!(order("call", &[("tier", "gold")]).turnover_tier, None, "an asset tier");
    assert_eq!(order("retention", &[("tier", "L2")]).turnover_tier, None);
    let received = [("received_at", "2025-03-03T20:15:00+08:00")];
    let complaint = Complaint { received_at: at("2025-03-03T20:15"), answered_at: None };
    assert_eq!(order("complaint", &received).complaint, Some(complaint));
    assert_eq!(order("complaint", &[("received_at", "yesterday")]).complaint, None);
    let due = [("trigger", "sale"), ("trigger_at", "2025-03-03T15:00:00+08:00"), ("level", "dealer")];
    let visit =
        ReturnVisit { kind: ReturnVisitKind::PostSale, level: ReturnLevel::Dealer, trigger_at: at("2025-03-03T15:00") };
    assert_eq!(order("return_visit", &due).return_visit, Some(visit));
    assert_eq!(order("return_visit", &due[..2]).return_visit, None, "whose visit it is, is not known");
    assert_eq!(ReturnVisitKind::of_order("periodic"), Some(ReturnVisitKind::Periodic), "no trigger, but a kind");
    assert_eq!(ReturnVisitKind::of_order("vip_joined"), None);
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
