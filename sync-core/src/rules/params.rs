//! Typed reading of a rule's parameters; every error names the faulty key.

use jiff::civil::Date;
use serde_json::Value;

use crate::decimal::Decimal;
use crate::formulas::{CallFrequency, ReturnTrigger, ReturnVisitKind, SourceWeights};
use crate::template::model::{Question, QuestionType, Rule, Template};

/// A parameter a check cannot use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct ParamError {
    /// The faulty key.
    pub key: String,
    /// What is wrong, in English.
    pub message: String,
    /// The same in Chinese.
    pub message_zh: String,
}

pub(super) fn error(key: &str, en: impl Into<String>, zh: impl Into<String>) -> ParamError {
    ParamError { key: key.to_owned(), message: en.into(), message_zh: zh.into() }
}

/// The parameters of one rule.
#[derive(Debug, Clone, Copy)]
pub struct Args<'a> {
    rule: &'a Rule,
}

impl<'a> Args<'a> {
    /// The parameters of `rule`.
    #[must_use]
    pub const fn of(rule: &'a Rule) -> Self {
        Self { rule }
    }

    /// Any parameter.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing.
    pub fn value(&self, key: &str) -> Result<&'a Value, ParamError> {
        self.rule.params.get(key).ok_or_else(|| error(key, "is missing", "缺失"))
    }

    /// Whether a parameter is given.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.rule.params.contains_key(key)
    }

    /// A code or other text.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or no text.
    pub fn text(&self, key: &str) -> Result<&'a str, ParamError> {
        self.value(key)?.as_str().ok_or_else(|| error(key, "must be text", "须为文本"))
    }

    /// A text that may be absent.
    #[must_use]
    pub fn text_if_any(&self, key: &str) -> Option<&'a str> {
        self.rule.params.get(key).and_then(Value::as_str)
    }

    /// A whole number, not negative.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or no such number.
    pub fn number(&self, key: &str) -> Result<i64, ParamError> {
        let number = self.value(key)?.as_i64().filter(|number| *number >= 0);
        number.ok_or_else(|| error(key, "must be a whole number, not negative", "须为非负整数"))
    }

    /// A list of texts.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or holds anything else.
    pub fn texts(&self, key: &str) -> Result<Vec<&'a str>, ParamError> {
        let list = self.value(key)?.as_array().ok_or_else(|| error(key, "must be a list", "须为列表"))?;
        list.iter()
            .map(|item| item.as_str().ok_or_else(|| error(key, "must hold texts only", "只能包含文本")))
            .collect()
    }

    /// Days from and to, both included; `None` if they are not given.
    ///
    /// # Errors
    /// [`ParamError`] if they are no two days in order.
    pub fn day_span(&self, key: &str) -> Result<Option<(i64, i64)>, ParamError> {
        let Some(value) = self.rule.params.get(key) else { return Ok(None) };
        let days = match value.as_array().map(Vec::as_slice) {
            Some([from, to]) => from.as_i64().zip(to.as_i64()),
            _ => None,
        };
        let days = days.filter(|(from, to)| 0 <= *from && from <= to);
        days.map(Some).ok_or_else(|| error(key, "must be two days, from and to", "须为起止两个天数"))
    }

    /// A trigger of a work order.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or none.
    pub fn trigger(&self, key: &str) -> Result<ReturnTrigger, ParamError> {
        ReturnTrigger::from_code(self.text(key)?)
            .ok_or_else(|| error(key, "must be a trigger of a work order", "须为业务工单的触发事件"))
    }

    /// How often a customer is called on.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or no frequency.
    pub fn frequency(&self, key: &str) -> Result<CallFrequency, ParamError> {
        CallFrequency::from_code(self.text(key)?).ok_or_else(|| {
            error(
                key,
                "must be monthly, quarterly, half_yearly or yearly",
                "须为 monthly、quarterly、half_yearly 或 yearly",
            )
        })
    }

    /// Kinds of return visits.
    ///
    /// # Errors
    /// [`ParamError`] if they are missing or one of them is no kind.
    pub fn return_kinds(&self, key: &str) -> Result<Vec<ReturnVisitKind>, ParamError> {
        let kind = |code| {
            ReturnVisitKind::from_code(code)
                .ok_or_else(|| error(key, format!("{code} is no kind"), format!("没有回访类型 {code}")))
        };
        self.texts(key)?.into_iter().map(kind).collect()
    }

    /// A share from 0 to 1.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or no such number.
    pub fn share(&self, key: &str) -> Result<Decimal, ParamError> {
        let share = self.text(key)?.parse().ok();
        let is_share = |share: &Decimal| Decimal::ZERO <= *share && *share <= Decimal::from_int(1);
        share
            .filter(is_share)
            .ok_or_else(|| error(key, "must be a decimal from 0 to 1 such as 0.40", "须为 0 至 1 的小数，如 0.40"))
    }

    /// The weights of the merge sheet.
    ///
    /// # Errors
    /// [`ParamError`] if one of them is missing or no share.
    pub fn source_weights(&self) -> Result<SourceWeights, ParamError> {
        let (needs, market) = (self.share("needs")?, self.share("market")?);
        Ok(SourceWeights { needs, market, internal: self.share("internal")? })
    }

    /// Codes of the questions that carry the rule: what it is about where no parameter says so.
    pub(super) fn carriers<'t>(&self, template: &'t Template) -> impl Iterator<Item = &'t str> {
        let carries = |question: &&Question| question.rules.contains(&self.rule.id);
        template.questions.iter().filter(carries).map(|question| question.code.as_str())
    }

    /// A local time `HH:MM` as minutes of the day.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or no such time.
    pub fn time_of_day(&self, key: &str) -> Result<i64, ParamError> {
        let (hours, minutes) =
            two_numbers(self.text(key)?, ':').ok_or_else(|| error(key, "must be like 20:00", "须为时刻，如 20:00"))?;
        if hours < 24 && minutes < 60 {
            Ok(hours * 60 + minutes)
        } else {
            Err(error(key, "must be like 20:00", "须为时刻，如 20:00"))
        }
    }

    /// A day of the year `MM-DD` as month and day.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or no such day.
    pub fn month_day(&self, key: &str) -> Result<(i64, i64), ParamError> {
        two_numbers(self.text(key)?, '-')
            .filter(|(month, day)| is_day_of_a_year(*month, *day))
            .ok_or_else(|| error(key, "must be like 11-01", "须为存在的月-日，如 11-01"))
    }
}

fn two_numbers(text: &str, separator: char) -> Option<(i64, i64)> {
    let (first, second) = text.split_once(separator)?;
    let number =
        |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok()).flatten();
    Some((number(first)?, number(second)?))
}

/// Whether some year has the day; 29 February is one.
fn is_day_of_a_year(month: i64, day: i64) -> bool {
    let (month, day) = (i8::try_from(month).unwrap_or(0), i8::try_from(day).unwrap_or(0));
    Date::new(LEAP_YEAR, month, day).is_ok()
}

/// Any year that has 29 February.
const LEAP_YEAR: i16 = 2024;

/// Whether `value` is a possible answer of a question (design section 13, answer value).
#[must_use]
pub fn is_answer(question: &Question, value: &Value) -> bool {
    let option = |value: &Value| question.options.iter().any(|option| Some(option.code.as_str()) == value.as_str());
    let whole = |value: &Value| {
        value
            .as_i64()
            .is_some_and(|n| question.min.is_none_or(|min| min <= n) && question.max.is_none_or(|max| n <= max))
    };
    match question.kind {
        QuestionType::Boolean => value.is_boolean(),
        QuestionType::SingleChoice => option(value),
        QuestionType::MultiChoice => value.as_array().is_some_and(|codes| codes.iter().all(option)),
        QuestionType::Text => value.is_string(),
        QuestionType::Integer | QuestionType::Rating => whole(value),
        QuestionType::Decimal => value.as_str().is_some_and(|text| text.parse::<Decimal>().is_ok()),
        QuestionType::Datetime => value.as_i64().is_some(),
    }
}
