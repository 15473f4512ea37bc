//! Checks over what follows a repair or an acceptance: repeats of a fault, the warranty.

use serde_json::Value;

use super::super::background::{HAS_WARRANTY_TASK, IS_APPROVED, SITE_REPAIRS};
use super::super::context::Ctx;
use super::super::params::Args;
use super::super::trace::Judgement;
use super::super::unjudged::Unjudged;
use super::Judged;
use super::moments::began;
use crate::formulas;

/// F-42 against earlier repairs of the site; the questions that carry the rule tell the fault.
pub(super) fn repeat_repair<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let within_days = args.number("days")?;
    let Some(began) = began(ctx) else {
        return Ok(Judgement::not_applicable("the repair has not begun", "尚未维修"));
    };
    let told = args.carriers(ctx.facts.template).find_map(|question| ctx.answer(question).and_then(Value::as_str));
    let fault = told.ok_or_else(|| Unjudged::unknown("the fault", "故障原因"))?;
    let repairs = ctx.known(&SITE_REPAIRS, ctx.facts.background.site_repairs.as_deref())?;
    ctx.note("background/site_repairs", repairs.len().to_string());
    let this_day = ctx.facts.day_of(began.at)?;
    let mut latest: Option<(i64, String)> = None;
    for earlier in repairs {
        let repair =
            formulas::repeat_repair(ctx.facts.day_of(earlier.at)?, this_day, earlier.fault == fault, within_days);
        if repair.repeat && latest.as_ref().is_none_or(|(days, _)| repair.days < *days) {
            latest = Some((repair.days, earlier.visit.to_string()));
        }
    }
    Ok(match latest {
        None => Judgement::pass("no repeat of a repair", "不是重复维修"),
        Some((days, visit)) => {
            ctx.note("days", days.to_string());
            ctx.note("earlier_visit", visit);
            Judgement::fail(
                format!("{fault} was repaired here {days} days before"),
                format!("{days} 天前维修过同一故障：{fault}"),
            )
        }
    })
}

/// Once a visit with one of these results is approved, a warranty registration task exists.
pub(super) fn create_warranty_task<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let values = args.texts("values")?;
    let result = ctx.answer(args.text("result")?).and_then(Value::as_str);
    if !result.is_some_and(|result| values.contains(&result)) {
        return Ok(Judgement::not_applicable("the result asks for no warranty", "结论无须办理保修"));
    }
    let is_approved = ctx.known(&IS_APPROVED, ctx.facts.background.is_approved)?;
    ctx.note("background/is_approved", is_approved.to_string());
    if !is_approved {
        return Ok(Judgement::not_applicable("not approved yet", "尚未审核通过"));
    }
    let has_task = ctx.known(&HAS_WARRANTY_TASK, ctx.facts.background.has_warranty_task)?;
    ctx.note("background/has_warranty_task", has_task.to_string());
    Ok(if has_task {
        Judgement::pass("a warranty registration task exists", "已有保修登记任务")
    } else {
        Judgement::fail("no warranty registration task", "尚无保修登记任务")
    })
}
