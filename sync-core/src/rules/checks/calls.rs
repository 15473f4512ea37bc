//! Checks over planned calls on customers: told in time, often enough.

use super::super::background::{NEXT_CALL, NOTIFIED_AT, NextCall, TURNOVER_TIER};
use super::super::context::Ctx;
use super::super::params::Args;
use super::super::trace::Judgement;
use super::super::unjudged::Unjudged;
use super::Judged;
use super::moments::began;
use crate::formulas::latest_visit_notice;

/// F-35 of the planned day and of the day on which the customer was told.
// Rule: APT-12
pub(super) fn notice_days<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let min_days = args.number("min_days")?;
    let planned = ctx.facts.appointment_start();
    let planned = planned.ok_or_else(|| Unjudged::unknown("the planned day", "计划日期"))?;
    let latest = latest_visit_notice(ctx.facts.day_of(planned)?, min_days)?;
    ctx.note("latest_notice", latest.to_string());
    let told = ctx.facts.day_of(ctx.known(&NOTIFIED_AT, ctx.facts.background.notified_at)?)?;
    ctx.note("background/notified_at", told.to_string());
    let (en, zh) = (format!("told on {told}, due by {latest}"), format!("{told} 通知，最迟 {latest}"));
    Ok(if told <= latest { Judgement::pass(en, zh) } else { Judgement::fail(en, zh) })
}

/// The next planned call is not later than the tier's frequency after this one.
pub(super) fn frequency_by_tier<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let Some(call) = began(ctx) else {
        return Ok(Judgement::not_applicable("the call has not begun", "尚未拜访"));
    };
    let tier = ctx.known(&TURNOVER_TIER, ctx.facts.background.turnover_tier)?;
    ctx.note("background/turnover_tier", tier.code());
    let due = args.frequency(tier.code())?.next_call_by(ctx.facts.day_of(call.at)?)?;
    ctx.note("next_call_by", due.to_string());
    Ok(match ctx.known(&NEXT_CALL, ctx.facts.background.next_call)? {
        // One before this call is not its next one.
        NextCall::At(next) if next <= call.at => {
            Judgement::fail(format!("no next call planned, due by {due}"), format!("未安排下次拜访，最迟 {due}"))
        }
        NextCall::NotPlanned => {
            Judgement::fail(format!("no next call planned, due by {due}"), format!("未安排下次拜访，最迟 {due}"))
        }
        NextCall::At(next) => {
            let next = ctx.facts.day_of(next)?;
            ctx.note("background/next_call", next.to_string());
            let (en, zh) = (format!("next call on {next}, due by {due}"), format!("下次拜访 {next}，最迟 {due}"));
            if next <= due { Judgement::pass(en, zh) } else { Judgement::fail(en, zh) }
        }
    })
}
