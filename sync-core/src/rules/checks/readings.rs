//! Checks over readings and their thresholds.

use super::super::context::Ctx;
use super::super::params::{Args, error};
use super::super::threshold::{self, Reading};
use super::super::trace::Judgement;
use super::Judged;
use crate::formulas::line_test_four_elements;

/// Each name is a boolean question answered true, or `CODE.pass` of a reading within its threshold.
// Rules: INS-20, INS-22
pub(super) fn all_true<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let mut elements = Vec::new();
    let mut open = Vec::new();
    for term in args.texts("all")? {
        let Some(code) = term.strip_suffix(".pass") else {
            elements.push((term, ctx.is_true(term)));
            continue;
        };
        let measurement = ctx
            .facts
            .template
            .measurement(code)
            .ok_or_else(|| error("all", format!("{code} is no measurement"), format!("{code} 不是测量项")))?;
        match threshold::judge(ctx, measurement) {
            Reading::NotJudged => open.push(term),
            reading => elements.push((term, reading == Reading::Pass)),
        }
    }
    let failed = line_test_four_elements(&elements);
    Ok(if !failed.is_empty() {
        let failed = failed.join(", ");
        Judgement::fail(format!("not fulfilled: {failed}"), format!("未达标：{failed}"))
    } else if open.is_empty() {
        Judgement::pass("all fulfilled", "全部达标")
    } else {
        let open = open.join(", ");
        Judgement::undetermined(format!("no limit to judge by: {open}"), format!("无判定标准：{open}"))
    })
}

/// The newest reading meets its threshold.
pub(super) fn measurement_pass<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let code = args.text("measurement")?;
    let measurement = ctx
        .facts
        .template
        .measurement(code)
        .ok_or_else(|| error("measurement", format!("{code} is no measurement"), format!("{code} 不是测量项")))?;
    Ok(match threshold::judge(ctx, measurement) {
        Reading::Pass => Judgement::pass(format!("{code} is within its limit"), format!("{code} 达标")),
        Reading::Fail => Judgement::fail(format!("{code} is outside its limit"), format!("{code} 未达标")),
        Reading::Missing => Judgement::fail(format!("{code} is not measured"), format!("{code} 尚未测量")),
        Reading::Unreadable => Judgement::fail(format!("{code} cannot be read"), format!("{code} 读数无效")),
        Reading::NotJudged => Judgement::undetermined(format!("{code} has no limit"), format!("{code} 无判定标准")),
    })
}
