//! Checks over the day on which a visit was entered and its report handed in.

use jiff::civil::Date;

use super::super::context::Ctx;
use super::super::params::Args;
use super::super::trace::Judgement;
use super::super::unjudged::Unjudged;
use super::Judged;
use super::moments::{When, began, between, handed_in};
use crate::calendar::plus_days;
use crate::clock::{Bounds, Clocks, Deadline};

/// The report is handed in on the local day of the visit.
pub(super) fn report_same_day<'a>(ctx: &Ctx<'a>, _args: Args<'a>) -> Judged {
    report_within(ctx, 0)
}

/// The report is handed in by the end of the next local day.
pub(super) fn report_next_day<'a>(ctx: &Ctx<'a>, _args: Args<'a>) -> Judged {
    report_within(ctx, 1)
}

fn report_within(ctx: &Ctx<'_>, days: i64) -> Judged {
    let Some(began) = began(ctx) else {
        return Ok(Judgement::not_applicable("the visit has not begun", "尚未开始上门"));
    };
    let due = plus_days(ctx.facts.day_of(began.at)?, days)?;
    ctx.note("due", due.to_string());
    let report = handed_in(ctx);
    let bounds = report.map_or_else(|| Bounds::around(ctx.facts.now, Some(0)), |report| report.bounds);
    let deadline = match possible_days(ctx, began)? {
        Some((first, last)) => {
            let zone = ctx.facts.zone()?;
            let by = |day| Ok::<_, Unjudged>(bounds.not_after(zone.end_of(plus_days(day, days)?)?.plus_ms(-1)));
            between(by(first)?, by(last)?)
        }
        None => Deadline::Undetermined,
    };
    ctx.note("deadline", deadline.code());
    Ok(match (report, deadline) {
        (None, Deadline::Met) => Judgement::not_applicable(format!("due on {due}"), format!("应于 {due} 提交")),
        (_, deadline) => Judgement::new(
            deadline.into(),
            format!("the report is due on {due}: {}", deadline.code()),
            format!("报告应于 {due} 提交：{}", deadline.code()),
        ),
    })
}

/// Answers and finish lie on the same local day.
pub(super) fn entered_same_day<'a>(ctx: &Ctx<'a>, _args: Args<'a>) -> Judged {
    let view = ctx.facts.view;
    let Some(finish) = handed_in(ctx) else {
        return Ok(Judgement::not_applicable("not handed in yet", "尚未提交"));
    };
    if view.answers.is_empty() {
        return Ok(Judgement::not_applicable("nothing was answered", "尚无答案"));
    }
    let clocks = Clocks::of(view);
    let (mut is_sure, mut other) = (true, None);
    for (code, answer) in &view.answers {
        let written = When::of(&clocks, answer.value.by, &answer.value.at);
        match (possible_days(ctx, written)?, possible_days(ctx, finish)?) {
            (Some(written), Some(finish)) if written.1 < finish.0 || finish.1 < written.0 => other = Some(code),
            (Some(written), Some(finish)) if written == finish && written.0 == written.1 => {}
            _ => is_sure = false,
        }
    }
    let day = ctx.facts.day_of(finish.at)?;
    ctx.note("finish_day", day.to_string());
    Ok(match (other, is_sure) {
        (Some(code), _) => {
            ctx.note("other_day", code.as_str());
            Judgement::fail(format!("{code} was not entered on {day}"), format!("{code} 不是 {day} 录入"))
        }
        (None, true) => Judgement::pass(format!("all entered on {day}"), format!("均于 {day} 录入")),
        (None, false) => Judgement::undetermined("the clocks leave the day open", "时钟误差内无法判定日期"),
    })
}

/// The first and the last local day on which it may have happened; `None` where the clocks bound nothing.
fn possible_days(ctx: &Ctx<'_>, when: When) -> Result<Option<(Date, Date)>, Unjudged> {
    let (Some(earliest), Some(latest)) = (when.bounds.earliest, when.bounds.latest) else { return Ok(None) };
    Ok(Some((ctx.facts.day_of(earliest)?, ctx.facts.day_of(latest)?)))
}
