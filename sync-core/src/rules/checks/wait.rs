//! The wait for an absent customer (F-03, APT-06).

use super::super::context::Ctx;
use super::super::elapsed::{Elapsed, elapsed};
use super::super::facts::Facts;
use super::super::params::{Args, ParamError, error};
use super::super::trace::{Judgement, Verdict};
use crate::formulas::{self, WaitFrom};
use crate::template::model::Rule;
use crate::time::{Stamp, UnixMillis};

/// The rule of a template about waiting for an absent customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbsenceWait {
    /// Least wait.
    pub min_minutes: i64,
    /// What it is counted from.
    pub from: WaitFrom,
}

/// The wait a template asks for; `None` if it has no such rule.
#[must_use]
pub fn absence_wait(rules: &[Rule]) -> Option<AbsenceWait> {
    let rule = rules.iter().find(|rule| rule.check == "absence_wait")?;
    AbsenceWait::read(Args::of(rule)).ok()
}

impl AbsenceWait {
    fn read(args: Args<'_>) -> Result<Self, ParamError> {
        let from = WaitFrom::from_code(args.text("wait_from")?)
            .ok_or_else(|| error("wait_from", "must be arrival or appointment"))?;
        Ok(Self { min_minutes: args.number("min_minutes")?, from })
    }

    /// When the wait began, on the server's clock.
    #[must_use]
    pub fn start(&self, facts: &Facts<'_>, arrive: &Stamp) -> UnixMillis {
        let arrived_at = arrive.corrected();
        self.from.start(facts.appointment_start().unwrap_or(arrived_at), arrived_at)
    }

    /// From when the rep may leave, on the server's clock.
    #[must_use]
    pub fn may_leave_at(&self, facts: &Facts<'_>, arrive: &Stamp) -> UnixMillis {
        let start = self.start(facts, arrive);
        formulas::absence_wait(start, start, self.min_minutes).may_leave_at
    }

    /// How long the rep waited from `arrive` to `left`.
    #[must_use]
    pub fn waited(&self, facts: &Facts<'_>, arrive: &Stamp, left: &Stamp) -> Elapsed {
        let since_arrival = elapsed(arrive, left);
        match (self.from, facts.appointment_start()) {
            (WaitFrom::Appointment, Some(start)) => since_arrival.shorter(Elapsed::since(start, left)),
            _ => since_arrival,
        }
    }

    /// `pass` if the least possible wait suffices, `fail` if the longest possible does not.
    #[must_use]
    pub fn verdict(&self, waited: Elapsed) -> Verdict {
        let long_enough = |ms: i64| formulas::absence_wait(UnixMillis(0), UnixMillis(ms), self.min_minutes).compliant;
        match (long_enough(waited.at_least_ms), long_enough(waited.at_most_ms)) {
            (true, _) => Verdict::Pass,
            (false, true) => Verdict::Undetermined,
            (false, false) => Verdict::Fail,
        }
    }
}

/// Judges the wait when the outcome it guards is asked for, or the rep gave up.
pub(super) fn check<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Result<Judgement, ParamError> {
    let wait = AbsenceWait::read(args)?;
    let asked = ctx.outcome() == Some(args.text("outcome")?);
    let give_up = ctx.event("give_up").map(|event| &event.value.at);
    if !asked && give_up.is_none() {
        return Ok(Judgement::not_applicable("the customer was not absent", "用户在家"));
    }
    let Some(arrive) = ctx.event("arrive").map(|event| &event.value.at) else {
        return Ok(Judgement::fail("no arrival is recorded", "没有到达记录"));
    };
    let may_leave_at = wait.may_leave_at(ctx.facts, arrive);
    ctx.note("may_leave_at", may_leave_at.to_rfc3339());
    let waited = match give_up.or(ctx.facts.device_now) {
        Some(left) => wait.waited(ctx.facts, arrive, left),
        // Nobody left yet and no device asks: the server's clock so far.
        None => {
            let ms = ctx.facts.now.since_ms(wait.start(ctx.facts, arrive));
            Elapsed { at_least_ms: ms, at_most_ms: ms }
        }
    };
    let minutes = formulas::floor_minutes(waited.at_least_ms);
    ctx.note("waited_minutes", minutes.to_string());
    let (needed, leave) = (wait.min_minutes, ctx.facts.local_time(may_leave_at));
    Ok(Judgement::new(
        wait.verdict(waited),
        format!("waited at least {minutes} of {needed} minutes, may leave at {leave}"),
        format!("至少已等候 {minutes} 分钟，须等候 {needed} 分钟，可离开时间 {leave}"),
    ))
}
