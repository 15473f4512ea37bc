//! Checks over answers.

use serde_json::Value;

use super::super::condition;
use super::super::context::Ctx;
use super::super::params::Args;
use super::super::trace::Judgement;
use super::super::unjudged::Unjudged;
use super::Judged;

/// The options of a question that are not chosen, or `None` for an unknown question.
fn unchosen<'a>(ctx: &Ctx<'a>, question: &str) -> Option<Vec<&'a str>> {
    let options = &ctx.facts.template.question(question)?.options;
    let chosen = ctx.chosen(question);
    Some(options.iter().map(|option| option.code.as_str()).filter(|code| !chosen.contains(code)).collect())
}

fn all_chosen(ctx: &Ctx<'_>, question: &str) -> Judgement {
    match unchosen(ctx, question) {
        Some(missing) if missing.is_empty() => Judgement::pass("every point is checked", "各项均已检查"),
        Some(missing) => {
            let missing = missing.join(", ");
            Judgement::fail(format!("{question}: not checked: {missing}"), format!("{question}：未检查 {missing}"))
        }
        None => Judgement::undetermined(format!("unknown question {question}"), format!("未知问题 {question}")),
    }
}

// Rule: INS-16
pub(super) fn all_options_chosen<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let code = args.text("question")?;
    let required = ctx
        .facts
        .template
        .question(code)
        .is_some_and(|question| condition::required(ctx, question.required, question.required_when.as_ref()));
    if !required {
        return Ok(Judgement::not_applicable(format!("{code} is not required here"), format!("此处不要求 {code}")));
    }
    Ok(all_chosen(ctx, code))
}

// Rule: INS-48
pub(super) fn height_checklist_when_flagged<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let (flag, flag_value) = (args.text("flag")?, args.text("flag_value")?);
    let checklist = args.text("checklist")?;
    if !ctx.chosen(flag).contains(&flag_value) {
        return Ok(Judgement::not_applicable(format!("{flag_value} is not flagged"), format!("未标记 {flag_value}")));
    }
    Ok(all_chosen(ctx, checklist))
}

pub(super) fn equals<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let (question, value) = (args.text("question")?, args.value("value")?);
    Ok(match ctx.answer(question) {
        Some(answer) if answer == value => {
            Judgement::pass(format!("{question} is {value}"), format!("{question} 为 {value}"))
        }
        Some(answer) => Judgement::fail(
            format!("{question} is {answer}, it must be {value}"),
            format!("{question} 为 {answer}，须为 {value}"),
        ),
        None => Judgement::fail(
            format!("{question} is not answered, it must be {value}"),
            format!("{question} 尚未填写，须为 {value}"),
        ),
    })
}

// Rule: INS-14
pub(super) fn scene_matches_cable<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let question = args.text("question")?;
    let site = ctx.facts.plan.site.as_ref().ok_or_else(|| Unjudged::unknown("the site", "站点"))?;
    ctx.note("site/scene", site.scene.as_str());
    let Some(option) = args.text_if_any(&site.scene) else {
        return Ok(Judgement::pass("no cable kind is prescribed for this scene", "该场景未规定光缆类型"));
    };
    Ok(match ctx.answer(question).and_then(Value::as_str) {
        Some(answer) if answer == option => Judgement::pass("cable kind fits the scene", "光缆类型与场景相符"),
        answer => {
            let answer = answer.unwrap_or("absent");
            Judgement::fail(
                format!("scene {} asks for {option}, the answer is {answer}", site.scene),
                format!("场景 {} 应为 {option}，实际为 {answer}", site.scene),
            )
        }
    })
}

// Rule: INS-45
pub(super) fn stop_when_unsafe<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let (question, outcome) = (args.text("question")?, args.text("outcome")?);
    Ok(match ctx.answer(question) {
        Some(Value::Bool(false)) => Judgement::fail(
            format!("not safe to work: only outcome {outcome} is possible"),
            format!("现场不安全：只能以 {outcome} 结束"),
        ),
        Some(Value::Bool(true)) => Judgement::pass("safe to work", "可安全作业"),
        _ => Judgement::not_applicable(format!("{question} is not answered yet"), format!("{question} 尚未填写")),
    })
}

pub(super) fn answered_count<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let count = args.number("count")?;
    let answered = args.texts("questions")?.into_iter().filter(|question| ctx.answer(question).is_some()).count();
    let (en, zh) = (format!("{answered} of {count} questions answered"), format!("已答 {answered}/{count} 题"));
    Ok(if i64::try_from(answered) == Ok(count) { Judgement::pass(en, zh) } else { Judgement::fail(en, zh) })
}

pub(super) fn peer_level<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let (host, visitor) = (ctx.answer(args.text("host")?), ctx.answer(args.text("visitor")?));
    Ok(match host.zip(visitor) {
        None => Judgement::not_applicable("both levels are not given", "未填写双方级别"),
        Some((host, visitor)) if host == visitor => Judgement::pass("levels match", "级别对等"),
        Some((host, visitor)) => Judgement::fail(
            format!("host is {host}, visitor is {visitor}"),
            format!("受访人级别 {host}，拜访人级别 {visitor}"),
        ),
    })
}

// Rule: PRE-03
pub(super) fn no_open_major_defects_on_pass<'a>(ctx: &Ctx<'a>, args: Args<'a>) -> Judged {
    let count = args.text("count")?;
    let passes = args.texts("values")?;
    let result = ctx.answer(args.text("result")?).and_then(Value::as_str);
    if !result.is_some_and(|result| passes.contains(&result)) {
        return Ok(Judgement::not_applicable("the result is no pass", "结论不是合格"));
    }
    Ok(match ctx.answer(count).and_then(Value::as_i64) {
        Some(0) => Judgement::pass("no open major defect", "无未关闭重大整改项"),
        Some(open) => Judgement::fail(format!("{open} major defects are open"), format!("{open} 项重大整改未关闭")),
        None => Judgement::fail(format!("{count} is not answered"), format!("{count} 尚未填写")),
    })
}
