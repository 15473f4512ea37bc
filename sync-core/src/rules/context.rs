//! What a check reads from the visit, recorded for the trace and open to other candidates.
//!
//! While concurrent values of a thing are contested, a rule is judged once per candidate; the context
//! answers with the candidate under trial and remembers which conflicts the check touched.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::background::Input;
use super::facts::Facts;
use super::unjudged::Unjudged;
use crate::decimal::Decimal;
use crate::doc::Map;
use crate::doc::record::TimelineEvent;
use crate::merge::view::{Conflict, Entry};

/// Candidate chosen for trial, by index of the conflict in the view.
pub(super) type Trial = BTreeMap<usize, usize>;

pub(super) struct Ctx<'a> {
    pub(super) facts: &'a Facts<'a>,
    /// The outcome asked for; the recorded one where none is asked.
    asked: Option<&'a str>,
    trial: Trial,
    /// What the check under judgement may read of the background.
    reads: Cell<&'static [Input]>,
    inputs: RefCell<BTreeMap<String, String>>,
    touched: RefCell<BTreeSet<usize>>,
}

impl<'a> Ctx<'a> {
    /// Judges as if the visit ended with `asked`; with the outcome it names where nothing is asked.
    pub(super) fn new(facts: &'a Facts<'a>, asked: Option<&'a str>, trial: Trial) -> Self {
        Self { facts, asked, trial, reads: Cell::new(&[]), inputs: RefCell::default(), touched: RefCell::default() }
    }

    pub(super) fn into_parts(self) -> (BTreeMap<String, String>, BTreeSet<usize>) {
        (self.inputs.into_inner(), self.touched.into_inner())
    }

    /// Says what the check that is judged now may read of what the office knows.
    pub(super) fn may_read(&self, inputs: &'static [Input]) {
        self.reads.set(inputs);
    }

    /// Records an input of the trace.
    pub(super) fn note(&self, name: impl Into<String>, value: impl Into<String>) {
        self.inputs.borrow_mut().insert(name.into(), value.into());
    }

    /// The outcome asked for, else the one the visit names.
    pub(super) fn outcome(&self) -> Option<&'a str> {
        if self.asked.is_some() {
            return self.asked;
        }
        match self.tried(Map::Outcomes, Map::Outcomes.key()) {
            Some(record) => record.get("code").and_then(Value::as_str),
            None => self.facts.outcome(),
        }
    }

    /// The record under trial if the key is contested and a candidate is being tried.
    fn tried(&self, map: Map, key: &str) -> Option<&'a Value> {
        let conflicts = &self.facts.view.conflicts;
        let is_it = |conflict: &Conflict| conflict.is_contested() && conflict.is_about(map, key);
        let index = conflicts.iter().position(is_it)?;
        self.touched.borrow_mut().insert(index);
        let candidate = self.trial.get(&index)?;
        conflicts.get(index)?.candidates.get(*candidate).map(|entry| &entry.value)
    }

    /// The answer to a question.
    pub(super) fn answer(&self, question: &str) -> Option<&'a Value> {
        let value = match self.tried(Map::Answers, question) {
            Some(record) => record.get("value"),
            None => self.facts.view.answer(question),
        };
        self.note(format!("answers/{question}"), value.map_or_else(|| "absent".to_owned(), show));
        value
    }

    /// Whether a question is answered true.
    pub(super) fn is_true(&self, question: &str) -> bool {
        self.answer(question) == Some(&Value::Bool(true))
    }

    /// The chosen codes of a question, also of a single choice.
    pub(super) fn chosen(&self, question: &str) -> Vec<&'a str> {
        match self.answer(question) {
            Some(Value::String(code)) => vec![code],
            Some(Value::Array(codes)) => codes.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The newest reading of a measurement: its value and unit as written.
    pub(super) fn measure(&self, code: &str) -> Option<(&'a str, &'a str)> {
        let reading = match self.tried(Map::Measures, code) {
            Some(record) => record.get("value").and_then(Value::as_str).zip(record.get("unit").and_then(Value::as_str)),
            None => self.facts.view.measure(code).map(|entry| (entry.value.value.as_str(), entry.value.unit.as_str())),
        };
        let shown = reading.map_or_else(|| "absent".to_owned(), |(value, unit)| format!("{value} {unit}"));
        self.note(format!("measures/{code}"), shown);
        reading
    }

    /// The newest reading of a measurement as a number.
    pub(super) fn number(&self, code: &str) -> Option<Decimal> {
        self.measure(code).and_then(|(value, _)| value.parse().ok())
    }

    /// The answer to a question as an exact decimal; `None` while there is no answer.
    pub(super) fn decimal_answer(&self, question: &str) -> Result<Option<Decimal>, Unjudged> {
        let read = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        self.answer(question).map(|value| read(value).ok_or_else(|| unanswered(question))).transpose()
    }

    /// The answer to a question of a kind that `read` understands; it is not known while there is none.
    pub(super) fn answered<T>(&self, question: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<T, Unjudged> {
        self.answer(question).and_then(read).ok_or_else(|| unanswered(question))
    }

    /// A fact of the office; noted as absent where it is not known.
    ///
    /// What the catalogue does not say of the check is not known to it: whoever fills in facts goes by the catalogue.
    pub(super) fn known<T>(&self, input: &Input, value: Option<T>) -> Result<T, Unjudged> {
        value.filter(|_| self.reads.get().contains(input)).ok_or_else(|| {
            self.note(format!("background/{}", input.code), "absent");
            Unjudged::unknown(input.en, input.zh_cn)
        })
    }

    /// A policy parameter; one without a value is not judged (rulebook 1.4).
    pub(super) fn param(&self, code: &str) -> Option<Decimal> {
        let value = self.facts.policy.number(code);
        self.note(format!("policy/{code}"), value.map_or_else(|| "absent".to_owned(), |value| value.to_string()));
        value
    }

    /// An order field.
    pub(super) fn order(&self, code: &str) -> Option<&'a str> {
        let value = self.facts.order_field(code);
        self.note(format!("order/{code}"), value.unwrap_or("absent"));
        value
    }

    /// The last event of this name.
    pub(super) fn event(&self, name: &str) -> Option<&'a Entry<TimelineEvent>> {
        let event = self.facts.view.timeline.iter().rev().find(|entry| entry.value.event == name);
        let shown = event.map_or_else(|| "absent".to_owned(), |event| event.value.at.corrected().to_rfc3339());
        self.note(format!("timeline/{name}"), shown);
        event
    }
}

fn unanswered(question: &str) -> Unjudged {
    Unjudged::unknown(format!("the answer to {question}"), format!("{question} 的答案"))
}

/// A scalar as text, anything else as JSON.
fn show(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
