//! Checks over complaints: the answer in time, whose fault it is, compensation, the next owner.

use serde_json::Value;

use super::super::background::{COMPLAINT, HANDOVER, MAJOR_APPROVED};
use super::super::context::Ctx;
use super::super::params::Args;
use super::super::trace::Judgement;
use super::Judged;
use super::moments::When;
use crate::clock::{Clocks, Deadline};
use crate::formulas::complaint_answer_due;

/// F-32 between the intake and the first answer, which the office gave or the questions about the rule hold.
pub(super) fn answer_within<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let hours = args.number("hours")?;
    let complaint = ctx.known(&COMPLAINT, ctx.facts.background.complaint)?;
    let due_at = complaint_answer_due(complaint.received_at, complaint.answered_at, hours).due_at;
    ctx.note("due_at", due_at.to_rfc3339());
    let due = ctx.facts.local_time(due_at);
    let (by_office, by_crew) = (complaint.answered_at.map(When::exactly), first_answer(ctx, args));
    let answer = by_office.into_iter().chain(by_crew).min_by_key(|answer| answer.at);
    let is_of_office = answer.is_some() && answer.map(|answer| answer.at) == complaint.answered_at;
    ctx.note("answered_at", answer.map_or_else(|| "absent".to_owned(), |answer| answer.at.to_rfc3339()));
    let Some(answer) = answer else {
        return Ok(if ctx.facts.now <= due_at {
            Judgement::not_applicable(format!("to be answered by {due}"), format!("须在 {due} 前答复"))
        } else {
            Judgement::fail(format!("not answered by {due}"), format!("{due} 前未答复"))
        });
    };
    Ok(match answer.bounds.not_after(due_at) {
        Deadline::Met => Judgement::pass(format!("answered by {due}"), format!("{due} 前已答复")),
        // An answer says when it was written last; the words the customer heard first may be older.
        Deadline::Missed if is_of_office => Judgement::fail(format!("answered after {due}"), format!("{due} 后才答复")),
        _ => Judgement::undetermined(
            format!("written after {due}, when it was first given is not known"),
            format!("记录时间晚于 {due}，首次答复时间未知，无法判定"),
        ),
    })
}

fn first_answer(ctx: &Ctx<'_>, args: Args<'_>) -> Option<When> {
    let clocks = Clocks::of(ctx.facts.view);
    let given = args.carriers(ctx.facts.template).filter(|question| ctx.answer(question).is_some());
    let records = given.filter_map(|question| ctx.facts.view.answers.get(question));
    records.map(|record| When::of(&clocks, record.value.by, &record.value.at)).min_by_key(|when| when.at)
}

/// These solutions need that severity and the approval of the major-complaint procedure.
pub(super) fn compensation_needs_major<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let values = args.texts("values")?;
    let (severity, major) = (args.text("severity")?, args.text("severity_value")?);
    let solution = ctx.answer(args.text("solution")?).and_then(Value::as_str);
    let Some(solution) = solution.filter(|solution| values.contains(solution)) else {
        return Ok(Judgement::not_applicable("no such solution", "未采用须审批的处理方式"));
    };
    if ctx.answer(severity).and_then(Value::as_str) != Some(major) {
        return Ok(Judgement::fail(
            format!("{solution} needs {severity} {major}"),
            format!("{solution} 须 {severity} 为 {major}"),
        ));
    }
    let approved = ctx.known(&MAJOR_APPROVED, ctx.facts.background.major_approved)?;
    ctx.note("background/major_approved", approved.to_string());
    Ok(if approved {
        Judgement::pass(format!("{solution} is approved"), format!("{solution} 已审批"))
    } else {
        Judgement::fail(format!("{solution} is not approved"), format!("{solution} 未审批"))
    })
}

/// Ours: the apology was given; not ours: the reminder is shown. Of a shared or unclear fault the rulebook says nothing.
pub(super) fn no_admission_when_not_ours<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let apology = args.text("apology")?;
    Ok(match ctx.answer(args.text("responsibility")?).and_then(Value::as_str) {
        Some("ours") if ctx.is_true(apology) => Judgement::pass("our fault: apology given", "我方责任：已致歉"),
        Some("ours") => Judgement::fail("our fault: no apology given", "我方责任：尚未致歉"),
        Some("not_ours") => Judgement::pass("reminder: not our fault, admit no guilt", "提示：非我方责任，不得认错"),
        _ => Judgement::not_applicable("whose fault it is, is open", "责任未定"),
    })
}

/// When a next owner is named, ownership moves only with his acceptance; until then the first asked keeps it.
pub(super) fn handover_accepted_by_next_owner<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let named = ctx.answer(args.text("question")?).and_then(Value::as_str);
    if named.is_none_or(|name| name.trim().is_empty()) {
        return Ok(Judgement::not_applicable("no next owner is named", "未指定下一责任人"));
    }
    let handover = ctx.known(&HANDOVER, ctx.facts.background.handover)?;
    ctx.note("background/handover", format!("moved {}, accepted {}", handover.has_moved, handover.is_accepted));
    Ok(match (handover.has_moved, handover.is_accepted) {
        (_, true) => Judgement::pass("the next owner accepted", "下一责任人已接受"),
        (false, false) => Judgement::pass("not accepted yet, the first asked owns it", "尚未接受，由首问人负责"),
        (true, false) => Judgement::fail("moved without acceptance", "未经接受即已转办"),
    })
}
