//! Checks over the service-needs survey: interviews of a day, weights of the merge, the quality check.

use super::super::background::{QUALITY, Quality};
use super::super::context::Ctx;
use super::super::params::{Args, error};
use super::super::trace::Judgement;
use super::super::unjudged::Unjudged;
use super::Judged;
use super::moments::handed_in;
use crate::formulas::{self, InterviewMinimum};

/// F-29 over the named counts; a band without a count had no interview.
pub(super) fn interviews_per_day<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let count = |key| u64::try_from(args.number(key)?).map_err(|_negative| error(key, "is negative", "为负数"));
    let minimum = InterviewMinimum { day: count("min")?, band: count("per_band_min")? };
    let mut by_band = Vec::new();
    let mut is_held = false;
    for band in args.texts("bands")? {
        let Some((text, _)) = ctx.measure(band) else {
            by_band.push((band, 0));
            continue;
        };
        is_held = true;
        let interviews = text.parse().map_err(|_no_count| Unjudged::unknown(format!("the count of {band}"), band))?;
        by_band.push((band, interviews));
    }
    if !is_held {
        return Ok(Judgement::not_applicable("no interviews were held", "未开展消费者调查"));
    }
    let interviews = formulas::interviews_per_day(&by_band, &minimum);
    let empty = interviews.empty_bands.join(", ");
    ctx.note("total", interviews.total.to_string());
    ctx.note("empty_bands", empty.as_str());
    let (total, day) = (interviews.total, minimum.day);
    let (en, zh) = (format!("{total} of {day} interviews"), format!("已调查 {total}/{day} 人"));
    Ok(match (interviews.enough, empty.is_empty()) {
        (true, _) => Judgement::pass(en, zh),
        (false, true) => Judgement::fail(en, zh),
        (false, false) => Judgement::fail(format!("{en}, too few of {empty}"), format!("{zh}，{empty} 人数不足")),
    })
}

/// The weights of F-26 add up to exactly one.
pub(super) fn merge_weights<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let weights = args.source_weights()?;
    let shown = format!("{} + {} + {}", weights.needs, weights.market, weights.internal);
    ctx.note("weights", shown.as_str());
    Ok(if weights.are_whole() {
        Judgement::pass(format!("{shown} is 1"), format!("{shown} 合计为 1"))
    } else {
        Judgement::fail(format!("{shown} is not 1"), format!("{shown} 合计不为 1"))
    })
}

/// The response waits until it is accepted or to be done again.
pub(super) fn quality_review<'a>(ctx: &Ctx<'a>, _args: Args<'a>) -> Judged {
    if handed_in(ctx).is_none() {
        return Ok(Judgement::not_applicable("not handed in yet", "尚未提交"));
    }
    Ok(match ctx.known(&QUALITY, ctx.facts.background.quality)? {
        Quality::Accepted => Judgement::pass("accepted", "质量审核通过"),
        Quality::Redo => Judgement::fail("to be done again", "须重做"),
        Quality::Waiting => Judgement::undetermined("waits for the quality check", "等待质量审核"),
    })
}
