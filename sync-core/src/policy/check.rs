//! What a version of the policy must satisfy before it is published: every fault at once, each with its key.

use std::collections::BTreeMap;

use super::agree::AGREEMENTS;
use super::key::{Parameter, parameter};
use super::table;
use crate::decimal::Decimal;

/// What a value must be, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// A key with which a version cannot be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterFault {
    /// The faulty key, as it was sent.
    pub key: String,
    /// What was expected.
    pub expected: Expected,
    /// The bound that was passed, where there is one.
    pub limit: Option<String>,
    /// What was sent, where it is short and plain enough to be shown.
    pub actual: Option<String>,
}

/// What differs from a version: a value to set, or `None` to go back to the default, or to no value where there is none.
pub type Changes = BTreeMap<String, Option<String>>;

/// The parameters of a version with changes: every key that has a value is in them, so that they mean the same for ever.
///
/// # Errors
/// Every fault of the changes, else every fault of what comes of them.
pub fn merged(
    base: &BTreeMap<String, String>,
    changes: &Changes,
) -> Result<BTreeMap<String, String>, Vec<ParameterFault>> {
    let mut wrong: Vec<ParameterFault> = Vec::new();
    // What an earlier release took and this one does not know, or no longer allows, is left behind.
    let is_allowed = |key: &str, text: &str| parameter(key).is_some_and(|row| row.kind.allows(text));
    let kept = base.iter().filter(|(key, text)| is_allowed(key, text));
    let mut merged = super::defaults();
    merged.extend(kept.map(|(key, text)| (key.clone(), text.clone())));
    for (key, change) in changes {
        let Some(row) = parameter(key) else {
            wrong.push(unknown(key));
            continue;
        };
        match change.clone().or_else(|| row.kind.default()) {
            None => drop(merged.remove(key)),
            Some(text) => match fault_of(row, &text) {
                Some(fault) => wrong.push(fault),
                None => drop(merged.insert(key.clone(), text)),
            },
        }
    }
    if wrong.is_empty() {
        wrong = faults(&merged);
    }
    if wrong.is_empty() { Ok(merged) } else { Err(wrong) }
}

/// Everything that keeps these parameters from being a version; what is absent has its default.
#[must_use]
pub fn faults(parameters: &BTreeMap<String, String>) -> Vec<ParameterFault> {
    let mut faults: Vec<ParameterFault> = Vec::new();
    for (key, text) in parameters {
        match parameter(key) {
            Some(row) => faults.extend(fault_of(row, text)),
            None => faults.push(unknown(key)),
        }
    }
    if faults.is_empty() {
        faults.extend(AGREEMENTS.iter().filter_map(|agreement| agreement.fault(parameters)));
    }
    faults
}

fn unknown(key: &str) -> ParameterFault {
    let known = table::all().count();
    let expected = Expected {
        en: format!("one of the {known} keys that GET /v1/policy-keys lists"),
        zh: format!("GET /v1/policy-keys 所列 {known} 个键之一"),
    };
    ParameterFault { key: key.to_owned(), expected, limit: None, actual: None }
}

fn fault_of(row: &Parameter, text: &str) -> Option<ParameterFault> {
    if row.kind.allows(text) {
        return None;
    }
    let mut expected = row.kind.expected();
    if !row.unit.en().is_empty() {
        expected.en = format!("{}, in {}", expected.en, row.unit.en());
        expected.zh = format!("{}（单位：{}）", expected.zh, row.unit.zh());
    }
    let passed = row.kind.bounds().zip(text.parse::<Decimal>().ok()).and_then(|((least, most), said)| {
        if said < least {
            Some(least)
        } else if said > most {
            Some(most)
        } else {
            None
        }
    });
    let limit = passed.map(|bound| bound.to_string());
    Some(ParameterFault { key: row.key.to_owned(), expected, limit, actual: shown(text) })
}

/// Longest text that is shown again.
const SHOWN: usize = 40;

/// A text as it may stand in an answer and a log: short, of letters, digits and what numbers and lists are made of.
pub(super) fn shown(text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:,+".contains(&byte);
    (text.len() <= SHOWN && text.bytes().all(is_plain)).then(|| text.to_owned())
}
