//! Checks over instants: arrival, notice of a change, windows of the day and of the year.

use super::super::context::Ctx;
use super::super::params::Args;
use super::super::trace::Judgement;
use super::Judged;
use super::moments::{handed_in, start};
use crate::clock::{Clocks, Deadline};
use crate::formulas::{self, ArrivalWindow};

/// F-01 of appointment and arrival; only `late` counts against the rep.
// Rules: APT-03, INS-07
pub(super) fn arrival_window<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let window = ArrivalWindow { min_minutes: args.number("min_minutes")?, max_minutes: args.number("max_minutes")? };
    let Some(appointment) = ctx.facts.appointment_start() else {
        return Ok(Judgement::not_applicable("no appointment", "无预约时间"));
    };
    ctx.note("appointment", appointment.to_rfc3339());
    let Some(arrive) = ctx.event("arrive") else {
        return Ok(Judgement::not_applicable("not arrived yet", "尚未到达"));
    };
    let clocks = Clocks::of(ctx.facts.view);
    let (arrived_at, err_ms) = clocks.corrected(arrive.value.by, &arrive.value.at);
    let arrival = formulas::arrival_class(appointment, arrived_at, window);
    let (minutes, class) = (arrival.minutes_before(), arrival.class.code());
    ctx.note("minutes_before", minutes.as_str());
    ctx.note("err_ms", err_ms.map_or_else(|| "unknown".to_owned(), |err| err.to_string()));
    ctx.note("class", class);
    let deadline = clocks.bounds(arrive.value.by, &arrive.value.at).not_after(appointment);
    ctx.note("deadline", deadline.code());
    Ok(Judgement::new(
        deadline.into(),
        format!("{minutes} minutes before: {class}"),
        format!("提前 {minutes} 分钟：{class}"),
    ))
}

/// F-02 for each change of the appointment that we proposed.
// Rule: APT-04
pub(super) fn reschedule_notice<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let min_minutes = args.number("min_minutes")?;
    let changes = ctx.facts.plan.appointment.iter().flat_map(|appointment| &appointment.changes);
    let (mut judged, mut short, mut doubtful) = (0, Vec::new(), Vec::new());
    for change in changes.filter(|change| change.proposed_by_us) {
        let notice = formulas::reschedule_notice(change.from_ms, change.notified_at_ms, min_minutes);
        let minutes = formulas::floor_minutes(notice.notice_ms).to_string();
        ctx.note(format!("notice_minutes/{judged}"), minutes.as_str());
        judged += 1;
        match change.notice(min_minutes) {
            Deadline::Met => {}
            Deadline::Missed => short.push(minutes),
            Deadline::Undetermined => doubtful.push(minutes),
        }
    }
    let minutes = short.join(", ");
    Ok(if judged == 0 {
        Judgement::not_applicable("we changed no time", "我方未改期")
    } else if !short.is_empty() {
        Judgement::fail(
            format!("announced only {minutes} minutes ahead, {min_minutes} are needed"),
            format!("仅提前 {minutes} 分钟告知，须提前 {min_minutes} 分钟"),
        )
    } else if doubtful.is_empty() {
        Judgement::pass("every change was announced in time", "改期均已提前告知")
    } else {
        let minutes = doubtful.join(", ");
        Judgement::undetermined(
            format!("announced {minutes} minutes ahead, {min_minutes} are needed, the clock leaves it open"),
            format!("提前 {minutes} 分钟告知，须提前 {min_minutes} 分钟，时钟误差内无法判定"),
        )
    })
}

/// Between these local times the outcome is offered; from included, to excluded, across midnight.
///
/// It is offered while the crew is there, so that now counts until they hand the visit in.
// Rule: INS-49
pub(super) fn night_work_may_be_deferred<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let (from, to) = (args.time_of_day("from")?, args.time_of_day("to")?);
    let outcome = args.text("outcome")?;
    let at = handed_in(ctx).map_or(ctx.facts.now, |handed_in| handed_in.at);
    let minute = ctx.facts.minute_of_day(at);
    ctx.note("local_time", ctx.facts.local_time(at));
    let inside = if from <= to { from <= minute && minute < to } else { minute >= from || minute < to };
    Ok(if inside {
        Judgement::pass(format!("night: outcome {outcome} may be chosen"), format!("夜间：可选择 {outcome}"))
    } else {
        Judgement::not_applicable("not at night", "非夜间")
    })
}

/// The local date of the start lies between two days of the year, both included, across the year end.
pub(super) fn date_window<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let (from, to) = (args.month_day("from")?, args.month_day("to")?);
    let date = ctx.facts.day_of(start(ctx))?;
    let day = (i64::from(date.month()), i64::from(date.day()));
    ctx.note("local_date", date.to_string());
    let inside = if from <= to { from <= day && day <= to } else { day >= from || day <= to };
    let (en, zh) = (format!("{:02}-{:02}", day.0, day.1), format!("{}月{}日", day.0, day.1));
    Ok(if inside {
        Judgement::pass(format!("{en} lies in the window"), format!("{zh}在时限内"))
    } else {
        Judgement::fail(format!("{en} lies outside the window"), format!("{zh}不在时限内"))
    })
}
