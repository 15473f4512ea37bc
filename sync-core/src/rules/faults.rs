//! What is wrong with a rule of a template: parameters its check cannot use, and whatever would switch it off in silence.

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalogue::{self, Answered, Check, Moment, Param, ParamKind};
use super::from_policy;
use super::params::{Args, ParamError, error, is_answer};
use crate::formulas::WaitFrom;
use crate::template::model::{Question, QuestionType, Rule, Severity, Template};
use crate::template::vocabulary::{ORDER_TRIGGERS, OUTCOMES};

/// Everything wrong with the parameters of a rule; empty for a rule whose check is unknown.
#[must_use]
pub fn faults(template: &Template, rule: &Rule) -> Vec<ParamError> {
    let Some(check) = catalogue::check(&rule.check) else { return Vec::new() };
    let mut faults: Vec<ParamError> = rule
        .params
        .keys()
        .filter(|key| !check.params.iter().any(|param| param.key == key.as_str()))
        .map(|key| error(key, "is no parameter of this check", "不是该检查的参数"))
        .collect();
    for param in check.params {
        match rule.params.get(param.key) {
            None if param.required => faults.push(error(param.key, "is missing", "缺失")),
            None => {}
            Some(value) => faults.extend(fault_of(template, rule, *param, value)),
        }
    }
    // What parameters must say together is looked at with the defaults of the keys that they name.
    faults.extend(rule_faults(check, &from_policy::under(rule, &BTreeMap::new())));
    faults.extend(mixed(check, rule));
    faults.extend(nothing_to_judge(template, check, rule));
    faults
}

/// Numbers of the template beside keys of the policy where both must agree: a later policy would turn the rule over, and
/// nobody would judge it then.
fn mixed(check: &Check, rule: &Rule) -> Vec<ParamError> {
    let agreeing: &[&str] = match check.name {
        "arrival_window" => &["min_minutes", "max_minutes"],
        "merge_weights" => &["needs", "market", "internal"],
        "night_work_may_be_deferred" => &["from", "to"],
        _ => return Vec::new(),
    };
    let given = agreeing.iter().filter_map(|key| Some((*key, rule.params.get(*key)?)));
    let (named, own): (Vec<_>, Vec<_>) = given.partition(|(_, value)| from_policy::named_key(value).is_some());
    if named.is_empty() {
        return Vec::new();
    }
    let fault = |(key, _): (&str, _)| {
        let all = agreeing.join(", ");
        let en = format!("is a number of the template: {all} come all from the policy, or none");
        error(key, en, format!("为模板自带数值：{all} 须全部取自策略，或全部不取"))
    };
    own.into_iter().map(fault).collect()
}

fn fault_of(template: &Template, rule: &Rule, param: Param, value: &Value) -> Option<ParamError> {
    if let Some(key) = from_policy::named_key(value) {
        return from_policy::key_fault(param, key);
    }
    let args = Args::of(rule);
    let key = param.key;
    let boolean = |code: &str| template.question(code).is_some_and(|q| q.kind == QuestionType::Boolean);
    let each = |known: &dyn Fn(&str) -> bool| match args.texts(key) {
        Ok(codes) if codes.is_empty() => Some(error(key, "names nothing", "不得为空")),
        Ok(codes) => codes.into_iter().find(|code| !known(code)).map(|code| names_nothing(key, code)),
        Err(error) => Some(error),
    };
    let one = |known: &dyn Fn(&str) -> bool| match args.text(key) {
        Ok(code) => (!known(code)).then(|| names_nothing(key, code)),
        Err(error) => Some(error),
    };
    match param.kind {
        ParamKind::Question(answered) => match args.text(key) {
            Ok(code) => question_fault(template, key, code, answered),
            Err(error) => Some(error),
        },
        ParamKind::Questions => each(&|code| template.question(code).is_some()),
        ParamKind::Boolean => one(&boolean),
        ParamKind::Measurement => one(&|code| template.measurement(code).is_some()),
        ParamKind::Measurements => each(&|code| template.measurement(code).is_some()),
        ParamKind::Signature => one(&|code| template.signature(code).is_some()),
        ParamKind::Step => one(&|code| template.step(code).is_some()),
        ParamKind::ChoiceOf(of) => one(&|code| has_option(template, args, of, code)),
        ParamKind::ChoicesOf(of) => each(&|code| has_option(template, args, of, code)),
        ParamKind::Number(_) => args.number(key).err(),
        ParamKind::Outcome => one(&|code| OUTCOMES.contains(&code)),
        ParamKind::OrderTrigger => one(&|code| ORDER_TRIGGERS.contains(&code)),
        ParamKind::MonthDay => args.month_day(key).err(),
        ParamKind::TimeOfDay => args.time_of_day(key).err(),
        ParamKind::WaitFrom => one(&|code| WaitFrom::from_code(code).is_some()),
        ParamKind::DaySpan => args.day_span(key).err(),
        ParamKind::Terms => each(&|term| is_term(template, term)),
        ParamKind::Value => {
            let question = template.question(args.text_if_any("question")?)?;
            (!is_answer(question, value)).then(|| {
                let code = &question.code;
                error(key, format!("{value} is no answer of {code}"), format!("{value} 不是 {code} 的答案"))
            })
        }
        ParamKind::PolicyKey => one(&crate::policy::is_number),
        ParamKind::Frequency => args.frequency(key).err(),
        ParamKind::Share => args.share(key).err(),
        ParamKind::ReturnKinds => args.return_kinds(key).err(),
    }
}

fn names_nothing(key: &str, code: &str) -> ParamError {
    let en = format!("{code} names nothing this parameter may name");
    error(key, en, format!("{code} 不是该参数可用的名称"))
}

/// Why a check cannot read a question; of another type it would never see an answer.
fn question_fault(template: &Template, key: &str, code: &str, answered: Answered) -> Option<ParamError> {
    use QuestionType as Q;
    let Some(question) = template.question(code) else { return Some(names_nothing(key, code)) };
    let (fits, en, zh) = match answered {
        Answered::Anyhow => return None,
        Answered::ByOne | Answered::ByOneOf(_) | Answered::ByOneWithin(_) => {
            (question.kind == Q::SingleChoice, "a single choice", "单选题")
        }
        Answered::BySeveral => (question.kind == Q::MultiChoice, "a multiple choice", "多选题"),
        Answered::ByChoice => (matches!(question.kind, Q::SingleChoice | Q::MultiChoice), "a choice", "选择题"),
        Answered::InWords => {
            (matches!(question.kind, Q::SingleChoice | Q::Text), "a single choice or a text", "单选题或文本题")
        }
        Answered::ByWhole => (question.kind == Q::Integer, "a whole number", "整数题"),
        Answered::ByDecimal => (question.kind == Q::Decimal, "a decimal", "小数题"),
    };
    if !fits {
        return Some(error(key, format!("{code} must be {en}"), format!("{code} 须为{zh}")));
    }
    option_fault(key, question, answered)
}

/// Codes that the check itself knows: those that must be among the options, and those besides which it knows none.
fn option_fault(key: &str, question: &Question, answered: Answered) -> Option<ParamError> {
    let (code, options) = (&question.code, || question.options.iter().map(|option| option.code.as_str()));
    match answered {
        Answered::ByOneOf(known) => {
            let absent = known.iter().find(|known| options().all(|option| option != **known))?;
            Some(error(key, format!("{code} needs the option {absent}"), format!("{code} 须有选项 {absent}")))
        }
        Answered::ByOneWithin(known) => {
            let odd = options().find(|option| !known.contains(option))?;
            let known = known.join(", ");
            let en = format!("the check does not know option {odd} of {code}, only {known}");
            Some(error(key, en, format!("该检查不认识 {code} 的选项 {odd}，只认识 {known}")))
        }
        _ => None,
    }
}

fn has_option(template: &Template, args: Args<'_>, of: &str, code: &str) -> bool {
    let question = args.text_if_any(of).and_then(|question| template.question(question));
    question.is_some_and(|question| question.options.iter().any(|option| option.code == code))
}

fn is_term(template: &Template, term: &str) -> bool {
    match term.split_once('.') {
        Some((code, "pass")) => template.measurement(code).is_some_and(|measurement| measurement.threshold.is_some()),
        Some(_) => false,
        None => template.question(term).is_some_and(|question| question.kind == QuestionType::Boolean),
    }
}

/// Faults that concern several parameters or the severity.
fn rule_faults(check: &Check, rule: &Rule) -> Vec<ParamError> {
    let args = Args::of(rule);
    let mut faults = Vec::new();
    if check.moment == Moment::Server && rule.severity == Severity::Block {
        faults.push(error(
            "severity",
            "a check judged on the server cannot block a phone",
            "由服务器判定的检查不能阻止手机",
        ));
    }
    match check.name {
        "due_window" if rule.params.len() < 2 => faults.push(error("trigger", "names no window", "未给出时限")),
        "merge_weights" if !args.source_weights().is_ok_and(|weights| weights.are_whole()) => {
            faults.push(error("needs", "the weights do not add up to 1", "权重之和须为 1"));
        }
        "answered_count" => {
            let listed = args.texts("questions").ok().and_then(|questions| i64::try_from(questions.len()).ok());
            if args.number("count").ok() != listed {
                faults.push(error("count", "differs from the list of questions", "与问题列表的数量不符"));
            }
        }
        "arrival_window" if args.number("min_minutes").ok() > args.number("max_minutes").ok() => {
            faults.push(error("max_minutes", "is less than min_minutes", "小于 min_minutes"));
        }
        "night_work_may_be_deferred" if args.text_if_any("from") == args.text_if_any("to") => {
            faults.push(error("to", "equals from: there is no such time", "与 from 相同，时段为空"));
        }
        _ => {}
    }
    faults
}

/// What a check judges of the template itself and does not find there: it would pass, or judge nothing, for ever.
fn nothing_to_judge(template: &Template, check: &Check, rule: &Rule) -> Option<ParamError> {
    let (is_there, en, zh) = match check.name {
        "repeat_repair" => {
            let tells = |question: &Question| matches!(question.kind, QuestionType::SingleChoice | QuestionType::Text);
            let args = Args::of(rule);
            let mut carriers = args.carriers(template).filter_map(|code| template.question(code));
            let en = "no question, a single choice or a text, carries the rule and tells the fault";
            (carriers.any(tells), en, "没有引用该规则并说明故障的单选题或文本题")
        }
        "all_signatures_present" => {
            let asked = template.signatures.iter().any(|slot| slot.required || slot.required_when.is_some());
            (asked, "no signature is ever required", "没有任何必需的签字")
        }
        "required_photos_present" => {
            let asked = template.photos.iter().any(|slot| slot.required || slot.required_when.is_some());
            (asked, "no photo is ever required", "没有任何必拍照片")
        }
        "steps_in_order" => (
            template.steps.iter().filter(|step| step.required).count() > 1,
            "fewer than two steps are required",
            "必需步骤不足两个",
        ),
        _ => return None,
    };
    (!is_there).then(|| error("check", en, zh))
}
