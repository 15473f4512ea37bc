//! The wait for an absent customer (F-03, APT-06).

use super::super::context::Ctx;
use super::super::facts::Facts;
use super::super::from_policy;
use super::super::params::{Args, ParamError, error};
use super::super::trace::Judgement;
use super::Judged;
use crate::clock::{Clocks, Deadline, Elapsed};
use crate::doc::record::TimelineEvent;
use crate::formulas::{self, WaitFrom};
use crate::ids::UserId;
use crate::time::{Stamp, UnixMillis};

/// The rule of a template about waiting for an absent customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbsenceWait {
    /// Least wait.
    pub min_minutes: i64,
    /// What it is counted from.
    pub from: WaitFrom,
}

/// The wait that the template asks for under the policy of the visit; `None` if it has no such rule.
#[must_use]
pub fn absence_wait(facts: &Facts<'_>) -> Option<AbsenceWait> {
    let rule = facts.template.rules.iter().find(|rule| rule.check == "absence_wait")?;
    AbsenceWait::read(Args::of(&from_policy::under(rule, &facts.policy.parameters))).ok()
}

impl AbsenceWait {
    fn read(args: Args<'_>) -> Result<Self, ParamError> {
        let from = WaitFrom::from_code(args.text("wait_from")?)
            .ok_or_else(|| error("wait_from", "must be arrival or appointment", "须为 arrival 或 appointment"))?;
        Ok(Self { min_minutes: args.number("min_minutes")?, from })
    }

    /// When the wait began, on the server's clock, as well as the clocks tell.
    #[must_use]
    pub fn start(&self, facts: &Facts<'_>, arrive: &TimelineEvent) -> UnixMillis {
        let (arrived_at, _) = Clocks::of(facts.view).corrected(arrive.by, &arrive.at);
        self.from.start(facts.appointment_start().unwrap_or(arrived_at), arrived_at)
    }

    /// From when the rep may leave, on the server's clock.
    #[must_use]
    pub fn may_leave_at(&self, facts: &Facts<'_>, arrive: &TimelineEvent) -> UnixMillis {
        self.start(facts, arrive).plus_ms(formulas::minutes_ms(self.min_minutes))
    }

    /// How long the crew waited from the arrival until `by` left at `left`.
    #[must_use]
    pub fn waited(&self, facts: &Facts<'_>, arrive: &TimelineEvent, by: UserId, left: &Stamp) -> Elapsed {
        let clocks = Clocks::of(facts.view);
        let since_arrival = clocks.elapsed((arrive.by, &arrive.at), (by, left));
        match (self.from, facts.appointment_start()) {
            (WaitFrom::Appointment, Some(start)) => {
                since_arrival.shorter(Elapsed::since(start, clocks.bounds(by, left)))
            }
            _ => since_arrival,
        }
    }

    /// `met` if the least possible wait suffices, `missed` if the longest possible does not.
    #[must_use]
    pub fn deadline(&self, waited: Elapsed) -> Deadline {
        waited.reaches(formulas::minutes_ms(self.min_minutes))
    }
}

/// Judges the wait when the outcome it guards is asked for, or the rep gave up.
// Rule: APT-06
pub(super) fn check<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let wait = AbsenceWait::read(args)?;
    let asked = ctx.outcome() == Some(args.text("outcome")?);
    let give_up = ctx.event("give_up").map(|event| (event.value.by, &event.value.at));
    if !asked && give_up.is_none() {
        return Ok(Judgement::not_applicable("the customer was not absent", "用户在家"));
    }
    let Some(arrive) = ctx.event("arrive").map(|event| &event.value) else {
        return Ok(Judgement::fail("no arrival is recorded", "没有到达记录"));
    };
    let may_leave_at = wait.may_leave_at(ctx.facts, arrive);
    ctx.note("may_leave_at", may_leave_at.to_rfc3339());
    let waited = match give_up.or(ctx.facts.device_now.map(|now| (arrive.by, now))) {
        Some((by, left)) => wait.waited(ctx.facts, arrive, by, left),
        // Nobody left yet and no device asks: the server's clock so far.
        None => {
            let ms = ctx.facts.now.since_ms(wait.start(ctx.facts, arrive));
            Elapsed { at_least_ms: Some(ms), at_most_ms: Some(ms) }
        }
    };
    let minutes = formulas::floor_minutes(waited.at_least_ms.unwrap_or(0).max(0));
    let deadline = wait.deadline(waited);
    ctx.note("waited_minutes", minutes.to_string());
    ctx.note("deadline", deadline.code());
    let (needed, leave) = (wait.min_minutes, ctx.facts.local_time(may_leave_at));
    Ok(Judgement::new(
        deadline.into(),
        format!("waited at least {minutes} of {needed} minutes, may leave at {leave}"),
        format!("至少已等候 {minutes} 分钟，须等候 {needed} 分钟，可离开时间 {leave}"),
    ))
}
