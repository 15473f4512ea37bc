//! `required_when`: whether an element that is not always required is required now.

use serde_json::Value;

use super::context::Ctx;
use crate::template::model::{ConditionOp, RequiredWhen};

/// Judges a condition; false while its operand is absent.
pub(super) fn holds(ctx: &Ctx<'_>, when: &RequiredWhen) -> bool {
    if let Some(field) = &when.order {
        return ctx.order(field).is_some_and(|text| satisfied(when, &Value::from(text)));
    }
    if let Some(question) = &when.question {
        return ctx.answer(question).is_some_and(|answer| satisfied(when, answer));
    }
    // The only visit field is the outcome (rulebook 1.4).
    when.visit.is_some() && ctx.outcome().is_some_and(|outcome| satisfied(when, &Value::from(outcome)))
}

fn satisfied(when: &RequiredWhen, operand: &Value) -> bool {
    match when.op {
        ConditionOp::Eq => when.value.as_ref() == Some(operand),
        ConditionOp::Contains => {
            operand.as_array().is_some_and(|codes| codes.iter().any(|code| Some(code) == when.value.as_ref()))
        }
        ConditionOp::NotEmpty => match operand {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => true,
        },
    }
}

/// Whether an element is required: always, or because its condition holds.
pub(super) fn required(ctx: &Ctx<'_>, always: bool, when: Option<&RequiredWhen>) -> bool {
    always || when.is_some_and(|when| holds(ctx, when))
}
