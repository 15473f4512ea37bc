//! Typed reading of a rule's parameters; every error names the faulty key.

use serde_json::Value;

use super::catalogue::{self, Check, Moment, Param, ParamKind};
use crate::decimal::Decimal;
use crate::formulas::{CallFrequency, ReturnTrigger, ReturnVisitKind, SourceWeights, WaitFrom};
use crate::template::model::{Question, QuestionType, Rule, Severity, Template};
use crate::template::vocabulary::{ORDER_TRIGGERS, OUTCOMES};

/// A parameter a check cannot use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct ParamError {
    /// The faulty key.
    pub key: String,
    /// What is wrong.
    pub message: String,
}

pub(super) fn error(key: &str, message: impl Into<String>) -> ParamError {
    ParamError { key: key.to_owned(), message: message.into() }
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
        self.rule.params.get(key).ok_or_else(|| error(key, "is missing"))
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
        self.value(key)?.as_str().ok_or_else(|| error(key, "must be text"))
    }

    /// A text that may be absent.
    #[must_use]
    pub fn text_if_any(&self, key: &str) -> Option<&'a str> {
        self.rule.params.get(key).and_then(Value::as_str)
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or no whole number.
    pub fn number(&self, key: &str) -> Result<i64, ParamError> {
        self.value(key)?.as_i64().ok_or_else(|| error(key, "must be a whole number"))
    }

    /// A list of texts.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or holds anything else.
    pub fn texts(&self, key: &str) -> Result<Vec<&'a str>, ParamError> {
        let list = self.value(key)?.as_array().ok_or_else(|| error(key, "must be a list"))?;
        list.iter().map(|item| item.as_str().ok_or_else(|| error(key, "must hold texts only"))).collect()
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
        days.map(Some).ok_or_else(|| error(key, "must be two days, from and to"))
    }

    /// A trigger of a work order.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or none.
    pub fn trigger(&self, key: &str) -> Result<ReturnTrigger, ParamError> {
        ReturnTrigger::from_code(self.text(key)?).ok_or_else(|| error(key, "must be a trigger of a work order"))
    }

    /// How often a customer is called on.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or no frequency.
    pub fn frequency(&self, key: &str) -> Result<CallFrequency, ParamError> {
        CallFrequency::from_code(self.text(key)?)
            .ok_or_else(|| error(key, "must be monthly, quarterly, half_yearly or yearly"))
    }

    /// Kinds of return visits.
    ///
    /// # Errors
    /// [`ParamError`] if they are missing or one of them is no kind.
    pub fn return_kinds(&self, key: &str) -> Result<Vec<ReturnVisitKind>, ParamError> {
        let kind = |code| ReturnVisitKind::from_code(code).ok_or_else(|| error(key, format!("{code} is no kind")));
        self.texts(key)?.into_iter().map(kind).collect()
    }

    /// A share from 0 to 1.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or no such number.
    pub fn share(&self, key: &str) -> Result<Decimal, ParamError> {
        let share = self.text(key)?.parse().ok();
        let is_share = |share: &Decimal| Decimal::ZERO <= *share && *share <= Decimal::from_int(1);
        share.filter(is_share).ok_or_else(|| error(key, "must be a decimal from 0 to 1 such as 0.40"))
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
        let (hours, minutes) = two_numbers(self.text(key)?, ':').ok_or_else(|| error(key, "must be like 20:00"))?;
        if hours < 24 && minutes < 60 { Ok(hours * 60 + minutes) } else { Err(error(key, "must be like 20:00")) }
    }

    /// A day of the year `MM-DD` as month and day.
    ///
    /// # Errors
    /// [`ParamError`] if it is missing or no such day.
    pub fn month_day(&self, key: &str) -> Result<(i64, i64), ParamError> {
        two_numbers(self.text(key)?, '-')
            .filter(|(month, day)| (1..=12).contains(month) && (1..=31).contains(day))
            .ok_or_else(|| error(key, "must be like 11-01"))
    }
}

fn two_numbers(text: &str, separator: char) -> Option<(i64, i64)> {
    let (first, second) = text.split_once(separator)?;
    let number =
        |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok()).flatten();
    Some((number(first)?, number(second)?))
}

/// Everything wrong with the parameters of a rule; empty for a rule whose check is unknown.
#[must_use]
pub fn faults(template: &Template, rule: &Rule) -> Vec<ParamError> {
    let Some(check) = catalogue::check(&rule.check) else { return Vec::new() };
    let mut faults: Vec<ParamError> = rule
        .params
        .keys()
        .filter(|key| !check.params.iter().any(|param| param.key == key.as_str()))
        .map(|key| error(key, "is no parameter of this check"))
        .collect();
    for param in check.params {
        match rule.params.get(param.key) {
            None if param.required => faults.push(error(param.key, "is missing")),
            None => {}
            Some(value) => faults.extend(fault_of(template, rule, *param, value)),
        }
    }
    faults.extend(rule_faults(check, rule));
    faults
}

fn fault_of(template: &Template, rule: &Rule, param: Param, value: &Value) -> Option<ParamError> {
    let args = Args::of(rule);
    let key = param.key;
    let question = |code: &str| template.question(code).is_some();
    let boolean = |code: &str| template.question(code).is_some_and(|q| q.kind == QuestionType::Boolean);
    let each = |known: &dyn Fn(&str) -> bool| match args.texts(key) {
        Ok(codes) => codes.into_iter().find(|code| !known(code)).map(|code| names_nothing(key, code)),
        Err(error) => Some(error),
    };
    let one = |known: &dyn Fn(&str) -> bool| match args.text(key) {
        Ok(code) => (!known(code)).then(|| names_nothing(key, code)),
        Err(error) => Some(error),
    };
    match param.kind {
        ParamKind::Question => one(&question),
        ParamKind::Questions => each(&question),
        ParamKind::Boolean => one(&boolean),
        ParamKind::Measurement => one(&|code| template.measurement(code).is_some()),
        ParamKind::Measurements => each(&|code| template.measurement(code).is_some()),
        ParamKind::Signature => one(&|code| template.signature(code).is_some()),
        ParamKind::Step => one(&|code| template.step(code).is_some()),
        ParamKind::ChoiceOf(of) => one(&|code| has_option(template, args, of, code)),
        ParamKind::ChoicesOf(of) => each(&|code| has_option(template, args, of, code)),
        ParamKind::Number => args.number(key).err(),
        ParamKind::Outcome => one(&|code| OUTCOMES.contains(&code)),
        ParamKind::OrderTrigger => one(&|code| ORDER_TRIGGERS.contains(&code)),
        ParamKind::MonthDay => args.month_day(key).err(),
        ParamKind::TimeOfDay => args.time_of_day(key).err(),
        ParamKind::WaitFrom => one(&|code| WaitFrom::from_code(code).is_some()),
        ParamKind::DaySpan => args.day_span(key).err(),
        ParamKind::Terms => each(&|term| is_term(template, term)),
        ParamKind::Value => {
            let question = template.question(args.text_if_any("question")?)?;
            (!is_answer(question, value)).then(|| error(key, format!("{value} is no answer of {}", question.code)))
        }
        ParamKind::PolicyKey => one(&crate::policy::is_number),
        ParamKind::Frequency => args.frequency(key).err(),
        ParamKind::Share => args.share(key).err(),
        ParamKind::ReturnKinds => args.return_kinds(key).err(),
    }
}

fn names_nothing(key: &str, code: &str) -> ParamError {
    error(key, format!("{code} names nothing this parameter may name"))
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

/// Faults that concern several parameters or the severity.
fn rule_faults(check: &Check, rule: &Rule) -> Vec<ParamError> {
    let args = Args::of(rule);
    let mut faults = Vec::new();
    if check.moment == Moment::Server && rule.severity == Severity::Block {
        faults.push(error("severity", "a check judged on the server cannot block a phone"));
    }
    match check.name {
        "due_window" if rule.params.len() < 2 => faults.push(error("trigger", "names no window")),
        "merge_weights" if !args.source_weights().is_ok_and(|weights| weights.are_whole()) => {
            faults.push(error("needs", "the weights do not add up to 1"));
        }
        "answered_count" => {
            let listed = args.texts("questions").ok().and_then(|questions| i64::try_from(questions.len()).ok());
            if args.number("count").ok() != listed {
                faults.push(error("count", "differs from the list of questions"));
            }
        }
        _ => {}
    }
    faults
}
