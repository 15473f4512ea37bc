//! Retention cases: RET-04, RET-06, RET-08, RET-12.

use std::collections::BTreeSet;

use sync_core::formulas::{AssetTier, RetentionRole};
use sync_core::ids::UserId;
use sync_core::rules::Verdict;
use sync_core::rules::background::RetentionCase;

use super::{RETENTION, follows, lacks};
use crate::support::Story;

/// The rep of a story.
const REP: UserId = UserId::from_bytes([7; 16]);

/// A case of a silver customer with relation and without adviser: manager, supervisor, director (S-07).
fn case(level: usize) -> RetentionCase {
    RetentionCase {
        has_relation: true,
        has_service_adviser: false,
        tier: AssetTier::Silver,
        level,
        owner: REP,
        signed: BTreeSet::new(),
    }
}

fn talk(level: usize, role: &str) -> Story {
    let mut story = follows(RETENTION);
    story.answer("relation", true).answer("service_adviser", false).answer("tier", "silver");
    story.background.retention = Some(case(level));
    story.background.crew_roles = Some(BTreeSet::from([role.to_owned()]));
    story
}

#[test]
fn who_talks_holds_the_role_of_the_level() {
    for (level, role, verdict) in [
        (1, "field_rep", Verdict::Pass),
        (1, "cs_agent", Verdict::Pass),
        (1, "cs_supervisor", Verdict::Fail),
        (2, "cs_supervisor", Verdict::Pass),
        (3, "dept_manager", Verdict::Pass),
        (3, "field_rep", Verdict::Fail),
        (4, "branch_manager", Verdict::Fail),
        (0, "field_rep", Verdict::Fail),
    ] {
        assert_eq!(talk(level, role).verdict_of("RET-04"), verdict, "level {level}: {role}");
    }
    // A gold customer has a fourth level, an adviser of his makes it the fifth.
    let mut story = talk(4, "branch_manager");
    story.answer("tier", "gold");
    assert_eq!(story.verdict_of("RET-04"), Verdict::Pass);
    story.answer("service_adviser", true);
    assert_eq!(story.verdict_of("RET-04"), Verdict::Fail);
    let trace = story.trace("RET-04", "completed");
    let chain = "account_manager, dept_supervisor, investment_adviser, operations_director, general_manager";
    assert_eq!(trace.inputs["chain"], chain);
    story.answer("relation", false);
    assert_eq!(story.trace("RET-04", "completed").inputs["chain"].split(", ").count(), 4, "no third without relation");
}

#[test]
fn nobody_judges_a_level_that_is_not_known() {
    let mut story = talk(1, "field_rep");
    story.background.retention = None;
    lacks(&story, "RET-04", "background/retention");
    story.background.crew_roles = Some(BTreeSet::from(["branch_manager".to_owned()]));
    assert_eq!(story.verdict_of("RET-04"), Verdict::Fail, "no level of a silver customer is a branch manager's");
    story.background.crew_roles = None;
    lacks(&story, "RET-04", "background/crew_roles");
    story.view.answers.remove("tier");
    lacks(&story, "RET-04", "answers/tier");
    story.view.answers.remove("relation");
    lacks(&story, "RET-04", "answers/relation");
}

#[test]
fn a_customer_is_lost_when_every_level_has_signed() {
    let mut story = talk(3, "dept_manager");
    assert_eq!(story.verdict_of("RET-08"), Verdict::NotApplicable);
    story.answer("accepted", false).answer("next_level", "director");
    assert_eq!(story.verdict_of("RET-08"), Verdict::NotApplicable);
    story.answer("next_level", "none");
    let unsigned = |story: &Story| story.trace("RET-08", "completed").inputs["unsigned"].clone();
    assert_eq!(story.verdict_of("RET-08"), Verdict::Fail);
    assert_eq!(unsigned(&story), "account_manager, dept_supervisor, operations_director");
    story.background.retention.as_mut().expect("a case").signed =
        BTreeSet::from([RetentionRole::AccountManager, RetentionRole::DeptSupervisor]);
    assert_eq!((story.verdict_of("RET-08"), unsigned(&story)), (Verdict::Fail, "operations_director".into()));
    story.seal();
    assert_eq!(story.verdict_of("RET-08"), Verdict::Fail, "another form is sealed");
    story.view.statements.last_mut().expect("a form").value.kind = "closing_form".into();
    assert_eq!(story.verdict_of("RET-08"), Verdict::Pass, "the talk of this visit is signed");
    story.background.retention = None;
    lacks(&story, "RET-08", "background/retention");
    story.answer("give_up_reason", "no_profit");
    assert_eq!(story.verdict_of("RET-08"), Verdict::Pass, "given up with a reason");
}

#[test]
fn the_owner_of_the_level_signs() {
    let mut story = talk(1, "field_rep");
    assert_eq!(story.verdict_of("RET-06"), Verdict::Fail);
    story.seal();
    assert_eq!(story.verdict_of("RET-06"), Verdict::Fail, "another document");
    story.view.statements[0].value.kind = "closing_form".into();
    assert_eq!(story.verdict_of("RET-06"), Verdict::Pass);
    story.background.retention.as_mut().expect("a case").owner = UserId::from_bytes([8; 16]);
    assert_eq!(story.verdict_of("RET-06"), Verdict::Fail);
    story.view.statements[0].value.by = None;
    assert_eq!(story.verdict_of("RET-06"), Verdict::Undetermined, "a foreign writer says nothing of himself");
    story.background.retention = None;
    lacks(&story, "RET-06", "background/retention");
}

#[test]
fn an_offer_keeps_to_floor_and_budget() {
    let offer = |rate: Option<&str>, cost: Option<&str>| {
        let mut story = follows(RETENTION);
        for (key, value) in [("commission_floor", "0.00025"), ("offer_budget", "100.00")] {
            story.policy.parameters.insert(key.into(), value.into());
        }
        for (question, value) in [("offered_rate", rate), ("offer_cost", cost)] {
            if let Some(value) = value {
                story.answer(question, value);
            }
        }
        story
    };
    let verdict = |rate, cost| offer(rate, cost).verdict_of("RET-12");
    assert_eq!(verdict(Some("0.00030"), Some("80.00")), Verdict::Pass, "F-41");
    assert_eq!(verdict(Some("0.00025"), Some("100.00")), Verdict::Pass, "floor and budget themselves are allowed");
    assert_eq!(verdict(Some("0.00024"), Some("80.00")), Verdict::Fail);
    assert_eq!(verdict(Some("0.00030"), Some("100.01")), Verdict::Fail);
    assert_eq!(verdict(None, None), Verdict::NotApplicable);
    assert_eq!(verdict(None, Some("100.00")), Verdict::Pass);
    assert_eq!(verdict(None, Some("100.01")), Verdict::Fail);
    assert_eq!(verdict(Some("0.00024"), None), Verdict::Fail);
    assert_eq!(verdict(Some("cheap"), None), Verdict::Undetermined);
    let both = offer(Some("0"), Some("1000"));
    assert_eq!(both.trace("RET-12", "completed").inputs["faults"], "below_floor, over_budget");

    let mut story = offer(Some("0.00030"), Some("80.00"));
    story.policy.parameters.remove("offer_budget");
    lacks(&story, "RET-12", "policy/offer_budget");
    story.policy.parameters.remove("commission_floor");
    lacks(&story, "RET-12", "policy/commission_floor");
    // A limit that nobody set hides no fault of the other.
    for (rate, cost, unset) in [("0.00030", "99999.00", "commission_floor"), ("0.00001", "80.00", "offer_budget")] {
        let mut story = offer(Some(rate), Some(cost));
        story.policy.parameters.remove(unset);
        assert_eq!(story.verdict_of("RET-12"), Verdict::Fail, "{unset}");
    }
}
