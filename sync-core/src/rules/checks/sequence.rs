//! Checks over the order in which steps were done.

use super::super::context::Ctx;
use super::super::params::Args;
use super::super::requirements::completed_at;
use super::super::trace::Judgement;
use super::Judged;

/// Corrected completion times of the required steps follow the order of the file.
// Rule: INS-05
pub(super) fn steps_in_order<'a>(ctx: &Ctx<'a>, _args: Args<'a>) -> Judged {
    let mut latest: Option<(&str, crate::time::UnixMillis)> = None;
    for step in ctx.facts.template.steps.iter().filter(|step| step.required) {
        let Some(done) = completed_at(ctx, step) else { continue };
        ctx.note(format!("steps/{}", step.code), done.to_rfc3339());
        if let Some((before, at)) = latest
            && done < at
        {
            let (before, after) = (before, step.code.as_str());
            return Ok(Judgement::fail(
                format!("{after} was done before {before}"),
                format!("{after} 先于 {before} 完成"),
            ));
        }
        latest = Some((&step.code, done));
    }
    Ok(match latest {
        None => Judgement::not_applicable("no step is complete yet", "尚无已完成的步骤"),
        Some(_) => Judgement::pass("steps follow the prescribed order", "按标准步骤顺序作业"),
    })
}

/// Out of warranty: the quote is accepted, and the quote step was done before the repair step.
pub(super) fn quote_before_paid_repair<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let accepted = args.text("accepted")?;
    let (quote, repair) = (args.text("quote_step")?, args.text("repair_step")?);
    if ctx.answer(args.text("warranty")?) != Some(&serde_json::Value::Bool(false)) {
        return Ok(Judgement::not_applicable("in warranty", "在保"));
    }
    if !ctx.is_true(accepted) {
        return Ok(Judgement::fail("the quote is not accepted", "客户未接受报价"));
    }
    let done = |code: &str| ctx.facts.template.step(code).and_then(|step| completed_at(ctx, step));
    Ok(match (done(quote), done(repair)) {
        (Some(quoted), Some(repaired)) if quoted <= repaired => {
            Judgement::pass("quoted before the repair", "先报价后维修")
        }
        (_, None) => Judgement::not_applicable("the repair is not done yet", "尚未维修"),
        _ => Judgement::fail("repaired before the quote was complete", "报价未完成即已维修"),
    })
}
