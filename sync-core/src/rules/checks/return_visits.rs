//! Checks over return visits: their window, their number in a quarter, that they are planned.

use super::super::background::{COMPLAINT, PLANNED_RETURN_VISITS, QUARTER_VISITS, RETURN_VISIT};
use super::super::context::Ctx;
use super::super::params::{Args, ParamError, error};
use super::super::trace::Judgement;
use super::super::unjudged::Unjudged;
use super::Judged;
use super::moments::{began, handed_in};
use crate::calendar::Calendar;
use crate::formulas::{
    self, ReturnBounds, ReturnLevel, ReturnSpan, ReturnTrigger, ReturnVisitKind, return_visit_window,
};
use crate::time::UnixMillis;

/// The windows that the parameters name, with whom they are for; absent level: for whoever makes the visit.
fn spans(args: Args<'_>) -> Result<Vec<(Option<ReturnLevel>, ReturnSpan)>, ParamError> {
    let mut spans = Vec::new();
    if args.has("hours") {
        spans.push((None, ReturnSpan::Hours(args.number("hours")?)));
    }
    if args.has("working_days") {
        let days = u32::try_from(args.number("working_days")?);
        spans.push((
            None,
            ReturnSpan::WorkingDays(days.map_err(|_negative| error("working_days", "is negative", "为负数"))?),
        ));
    }
    let levels = [
        ("dealer_days", ReturnLevel::Dealer),
        ("region_days", ReturnLevel::Region),
        ("headquarters_days", ReturnLevel::Headquarters),
    ];
    for (key, level) in levels {
        spans.extend(args.day_span(key)?.map(|(from, to)| (Some(level), ReturnSpan::Days { from, to })));
    }
    Ok(spans)
}

fn window(ctx: &Ctx<'_>, span: ReturnSpan, trigger_at: UnixMillis) -> Result<ReturnBounds, Unjudged> {
    let calendar = Calendar::of_row(ctx.facts.calendar)?;
    Ok(return_visit_window(span, trigger_at, &ctx.facts.zone()?, &calendar)?)
}

fn is_triggered(ctx: &Ctx<'_>, trigger: ReturnTrigger) -> bool {
    ctx.order("trigger") == Some(trigger.code())
}

/// When the order has this trigger: the contact lies in the window F-15 of its level.
pub(super) fn due_window<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let (trigger, spans) = (args.trigger("trigger")?, spans(args)?);
    if !is_triggered(ctx, trigger) {
        return Ok(Judgement::not_applicable("another trigger", "不是此类触发"));
    }
    let visit = ctx.known(&RETURN_VISIT, ctx.facts.background.return_visit)?;
    let (level, trigger_at) = (visit.level, visit.trigger_at);
    ctx.note("level", level.code());
    ctx.note("trigger_at", trigger_at.to_rfc3339());
    let Some((_, span)) = spans.into_iter().find(|(whose, _)| whose.is_none_or(|whose| whose == level)) else {
        return Ok(Judgement::not_applicable(
            format!("no window for level {}", level.code()),
            format!("{} 无回访时限", level.code()),
        ));
    };
    let (opens, closes) = window(ctx, span, trigger_at)?.instants(&ctx.facts.zone()?)?;
    ctx.note("opens", opens.to_rfc3339());
    ctx.note("closes", closes.to_rfc3339());
    let Some(contact) = began(ctx) else {
        return Ok(if ctx.facts.now <= closes {
            Judgement::not_applicable("not contacted yet", "尚未联系客户")
        } else {
            Judgement::fail("not contacted by the end of the window", "时限内未回访")
        });
    };
    let deadline = contact.bounds.within(opens, closes);
    ctx.note("deadline", deadline.code());
    let (from, to) = (ctx.facts.day_of(opens)?, ctx.facts.day_of(closes)?);
    Ok(Judgement::new(
        deadline.into(),
        format!("the window runs from {from} to {to}: {}", deadline.code()),
        format!("回访时限 {from} 至 {to}：{}", deadline.code()),
    ))
}

/// F-17; mandatory kinds run over the cap and are flagged (RTV-23).
pub(super) fn quarter_cap<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let cap = usize::try_from(args.number("max")?).map_err(|_negative| error("max", "is negative", "为负数"))?;
    let (exempt, mandatory) = (args.return_kinds("exempt")?, args.return_kinds("mandatory")?);
    let kind = kind(ctx)?;
    ctx.note("kind", kind.code());
    let done = ctx.known(&QUARTER_VISITS, ctx.facts.background.quarter_visits.as_deref())?;
    let verdict = formulas::quarter_cap(done, kind, mandatory.contains(&kind), cap, &exempt);
    let counted = verdict.counted;
    ctx.note("counted", counted.to_string());
    ctx.note("over_cap", verdict.over_cap.to_string());
    let (en, zh) = (format!("{counted} of {cap} this quarter"), format!("本季度已回访 {counted}/{cap} 次"));
    Ok(match (verdict.over_cap, verdict.allowed) {
        (false, _) => Judgement::pass(en, zh),
        (true, true) => {
            Judgement::flag(format!("{en}: runs because it is mandatory"), format!("{zh}，属必访，照常进行"))
        }
        (true, false) => Judgement::fail(en, zh),
    })
}

/// The kind of this return visit: what the office says, else what its order asks for.
fn kind(ctx: &Ctx<'_>) -> Result<ReturnVisitKind, Unjudged> {
    let planned = ctx.facts.background.return_visit.map(|visit| visit.kind);
    let by_trigger = || ctx.order("trigger").and_then(ReturnVisitKind::of_order);
    ctx.known(&RETURN_VISIT, planned.or_else(by_trigger))
}

/// A return visit is planned for each level, in its window F-15.
pub(super) fn schedule_return_visits<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let (trigger, spans) = (args.trigger("trigger")?, spans(args)?);
    if !spans.iter().any(|(level, _)| level.is_some()) {
        return Ok(Judgement::not_applicable("no level has a window", "未设定任何层级的回访时限"));
    }
    let trigger_at = if trigger == ReturnTrigger::Complaint {
        ctx.known(&COMPLAINT, ctx.facts.background.complaint)?.received_at
    } else {
        let Some(done) = handed_in(ctx) else {
            return Ok(Judgement::not_applicable("not handed in yet", "尚未提交"));
        };
        done.at
    };
    ctx.note("trigger_at", trigger_at.to_rfc3339());
    let planned = ctx.known(&PLANNED_RETURN_VISITS, ctx.facts.background.planned_return_visits.as_deref())?;
    let mut missing = Vec::new();
    for (level, span) in spans {
        let Some(level) = level else { continue };
        let window = window(ctx, span, trigger_at)?;
        if !planned.iter().any(|visit| visit.level == level && visit.window == window) {
            missing.push(level.code());
        }
    }
    let missing = missing.join(", ");
    ctx.note("missing", missing.as_str());
    Ok(if missing.is_empty() {
        Judgement::pass("every return visit is planned", "回访均已安排")
    } else {
        Judgement::fail(format!("no return visit planned: {missing}"), format!("未安排回访：{missing}"))
    })
}
