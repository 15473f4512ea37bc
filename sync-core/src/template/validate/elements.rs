//! Photos, readings, questions and signatures: their own fields and their conditions.

use serde_json::Value;

use super::super::lookup::Element;
use super::super::model::{
    ConditionOp, Measurement, NumberType, PhotoSlot, Question, QuestionType, RequiredWhen, SignatureSlot, Template,
    Threshold, ThresholdOp,
};
use super::super::vocabulary::{COPIES, OUTCOMES, SIGNERS, VISIT_FIELDS, order_field};
use super::Report;
use crate::decimal::Decimal;
use crate::doc::schema::MergePolicy;
use crate::policy;

pub(super) fn check(template: &Template, report: &mut Report) {
    report.unique("photos", template.photos.iter().map(|x| x.code.as_str()));
    report.unique("measurements", template.measurements.iter().map(|x| x.code.as_str()));
    report.unique("questions", template.questions.iter().map(|x| x.code.as_str()));
    report.unique("signatures", template.signatures.iter().map(|x| x.code.as_str()));
    for slot in &template.photos {
        photo(template, slot, report);
    }
    for item in &template.measurements {
        measurement(template, item, report);
    }
    for item in &template.questions {
        question(template, item, report);
    }
    for slot in &template.signatures {
        signature(template, slot, report);
    }
    let customer_signs = template.signatures.iter().any(|slot| slot.role == "customer");
    let agreed = template.questions.iter().any(|q| q.agreed) || template.measurements.iter().any(|m| m.agreed);
    let en = "a template that a customer signs, and only such a one, marks what is agreed";
    report.require(customer_signs == agreed, "signatures", en, "须由用户签字的模板（且仅此类模板）标明约定内容");
}

fn photo(template: &Template, slot: &PhotoSlot, report: &mut Report) {
    let path = format!("photos[{}]", slot.code);
    report.code(&path, &slot.code);
    report.title(&path, &slot.title);
    report.require(slot.min <= slot.max, &path, "min must not exceed max", "min 不得大于 max");
    let ever_required = slot.required || slot.required_when.is_some();
    report.require(
        ever_required == (slot.min > 0),
        &path,
        "min must be 0 exactly when the slot is never required",
        "仅当从不要求拍摄时 min 才为 0",
    );
    report.unique(&path, slot.must_show.iter().map(|tick| tick.code.as_str()));
    for tick in &slot.must_show {
        report.code(&path, &tick.code);
        report.title(&format!("{path}.must_show[{}]", tick.code), &tick.title);
    }
    condition(template, Element::Photo(&slot.code), slot.required, slot.required_when.as_ref(), report);
}

fn measurement(template: &Template, item: &Measurement, report: &mut Report) {
    let path = format!("measurements[{}]", item.code);
    report.code(&path, &item.code);
    report.title(&path, &item.title);
    report.require(!item.unit.is_empty(), &path, "needs a unit", "须有单位");
    report.require(
        item.number == NumberType::Decimal || item.scale == 0,
        &path,
        "an integer has scale 0",
        "整数的 scale 须为 0",
    );
    report.require(
        item.merge != Some(MergePolicy::Union),
        &path,
        "readings of one code compete",
        "同一代码的读数不得并存",
    );
    if let Some(threshold) = &item.threshold {
        threshold_faults(template, threshold, &format!("{path}.threshold"), report);
    }
    condition(template, Element::Measurement(&item.code), item.required, item.required_when.as_ref(), report);
}

fn threshold_faults(template: &Template, threshold: &Threshold, path: &str, report: &mut Report) {
    let Threshold { op, value, base, param, min, max } = threshold;
    let given = (value.is_some(), base.is_some(), param.is_some(), min.is_some(), max.is_some());
    let right = match op {
        ThresholdOp::Between => matches!(given, (false, false, false, true, true)),
        _ => matches!(
            given,
            (true, false, false, false, false) | (false, true, _, false, false) | (false, false, true, false, false)
        ),
    };
    report.require(
        right,
        path,
        "needs value, param, base, base and param, or (between) min and max",
        "须有 value、param、base、base 与 param，或（between）min 与 max",
    );
    for text in [value, min, max].into_iter().flatten() {
        if text.parse::<Decimal>().is_err() {
            report.fault(path, format!("{text:?} is no exact decimal string"), "须为精确小数");
        }
    }
    if let Some(param) = param
        && !policy::is_number(param)
    {
        let zh = format!("{param} 不是数值型策略键");
        report.fault(path, format!("param {param} is no key of the policy with a number"), zh);
    }
    if let Some(base) = base
        && template.measurement(base).is_some() == order_field(base).is_some()
    {
        let zh = format!("{base} 须为测量项或订单字段之一");
        report.fault(path, format!("base {base} must name either a measurement or an order field"), zh);
    }
}

fn question(template: &Template, item: &Question, report: &mut Report) {
    let path = format!("questions[{}]", item.code);
    report.code(&path, &item.code);
    report.title(&path, &item.title);
    let choice = matches!(item.kind, QuestionType::SingleChoice | QuestionType::MultiChoice);
    report.require(
        choice != item.options.is_empty(),
        &path,
        "choices, and only they, need options",
        "选择题（且仅选择题）须有选项",
    );
    report.unique(&path, item.options.iter().map(|option| option.code.as_str()));
    for option in &item.options {
        report.code(&path, &option.code);
        report.title(&format!("{path}.options[{}]", option.code), &option.title);
    }
    let bounded = item.min.zip(item.max).is_some_and(|(min, max)| min < max);
    report.require(
        item.kind != QuestionType::Rating || bounded,
        &path,
        "a rating needs min < max",
        "评分须有 min < max",
    );
    let decimal = item.kind == QuestionType::Decimal;
    let measured = item.unit.is_some() && item.scale.is_some();
    report.require(
        decimal == measured,
        &path,
        "decimal questions, and only they, carry unit and scale",
        "小数题（且仅小数题）须有 unit 和 scale",
    );
    let number = matches!(item.kind, QuestionType::Integer | QuestionType::Decimal | QuestionType::Rating);
    let by_size = matches!(item.merge, Some(MergePolicy::Max | MergePolicy::Min));
    report.require(number || !by_size, &path, "only numbers merge by size", "只有数字可按大小合并");
    report.require(
        item.merge != Some(MergePolicy::Union),
        &path,
        "answers to one question compete",
        "同一问题的答案不得并存",
    );
    condition(template, Element::Question(&item.code), item.required, item.required_when.as_ref(), report);
}

fn signature(template: &Template, slot: &SignatureSlot, report: &mut Report) {
    let path = format!("signatures[{}]", slot.code);
    report.code(&path, &slot.code);
    report.title(&path, &slot.title);
    report.require(SIGNERS.contains(&slot.role.as_str()), &path, "role is unknown", "角色未知");
    report.require(!slot.document.is_empty(), &path, "needs a document", "须有单据");
    let copies = !slot.copies.is_empty() && slot.copies.iter().all(|copy| COPIES.contains(&copy.as_str()));
    report.require(copies, &path, "copies go to customer, installer or department", "联次只能交给用户、装维人员或部门");
    condition(template, Element::Signature(&slot.code), slot.required, slot.required_when.as_ref(), report);
}

fn condition(template: &Template, of: Element<'_>, required: bool, when: Option<&RequiredWhen>, report: &mut Report) {
    let Some(when) = when else { return };
    let path = format!("{}[{}].required_when", of.list(), of.code());
    report.require(!required, &path, "stands beside required: true", "不得与 required: true 并列");
    report.require(
        (when.op == ConditionOp::NotEmpty) == when.value.is_none(),
        &path,
        "value and op do not fit",
        "value 与 op 不匹配",
    );
    let value = when.value.as_ref().and_then(Value::as_str);
    match (&when.order, &when.question, &when.visit) {
        (Some(field), None, None) => match order_field(field) {
            None => report.fault(&path, format!("unknown order field {field}"), format!("未知的订单字段 {field}")),
            Some(values) => {
                let known = values.is_empty() || value.is_some_and(|value| values.contains(&value));
                report.require(
                    known || when.op == ConditionOp::NotEmpty,
                    &path,
                    "is no value of this order field",
                    "不是该订单字段的取值",
                );
            }
        },
        (None, None, Some(field)) => {
            report.require(VISIT_FIELDS.contains(&field.as_str()), &path, "unknown visit field", "未知的工单字段");
            report.require(
                value.is_some_and(|value| OUTCOMES.contains(&value)),
                &path,
                "unknown outcome",
                "未知的结果",
            );
        }
        (None, Some(code), None) => question_operand(template, of, code, when, &path, report),
        _ => report.fault(&path, "needs exactly one operand", "须且仅须一个操作数"),
    }
}

fn question_operand(
    template: &Template,
    of: Element<'_>,
    code: &str,
    when: &RequiredWhen,
    path: &str,
    report: &mut Report,
) {
    let Some(question) = template.question(code) else {
        return report.fault(path, format!("unknown question {code}"), format!("未知的问题 {code}"));
    };
    let position =
        |element: Element<'_>| template.steps.iter().position(|s| s.elements().any(|other| other == element));
    if position(Element::Question(code)) > position(of) {
        report.fault(path, format!("depends on {code}, which is asked later"), format!("依赖其后才询问的 {code}"));
    }
    let option = |value: &Value| question.options.iter().any(|option| Some(option.code.as_str()) == value.as_str());
    let fits = match (when.op, question.kind) {
        (ConditionOp::NotEmpty, _) => true,
        (ConditionOp::Eq, QuestionType::Boolean) => when.value.as_ref().is_some_and(Value::is_boolean),
        (ConditionOp::Eq, QuestionType::SingleChoice) | (ConditionOp::Contains, QuestionType::MultiChoice) => {
            when.value.as_ref().is_some_and(option)
        }
        _ => false,
    };
    report.require(fits, path, "op or value does not fit the question", "op 或 value 与该问题不符");
}
