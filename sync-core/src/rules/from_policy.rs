//! Parameters of a rule that name a key of the policy instead of a value: `min_minutes: {param: absence_wait_minutes}`.
//!
//! So a number of the norms stands in one place, the policy that the visit names; a template may still say a value of its own,
//! which then counts for visits of that template.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kinds::{Param, ParamKind};
use super::params::{ParamError, error};
use crate::decimal::Decimal;
use crate::formulas::{CallFrequency, WaitFrom};
use crate::policy::{Kind, Parameter, Readable as _, Unit, parameter};
use crate::template::model::Rule;

/// The entry that names the key, as in a threshold.
const PARAM: &str = "param";

/// The key that the value of a parameter names, if it names one.
pub(super) fn named_key(value: &Value) -> Option<&str> {
    let entries = value.as_object().filter(|entries| entries.len() == 1)?;
    entries.get(PARAM)?.as_str()
}

/// The rule with what these parameters of a policy say in the place of the keys that it names; a key that nobody knows stays.
// Rule: GEN-09
pub(super) fn under<'r>(rule: &'r Rule, policy: &BTreeMap<String, String>) -> Cow<'r, Rule> {
    let mut said = Cow::Borrowed(rule);
    for (name, row) in keys_of(rule) {
        if let Some(value) = value_of(row.kind, policy.get(row.key).map(String::as_str)) {
            said.to_mut().params.insert(name.to_owned(), value);
        }
    }
    said
}

/// Names of the parameters of a rule that name a key of the policy, each with its key.
pub(super) fn keys_of(rule: &Rule) -> impl Iterator<Item = (&str, &'static Parameter)> {
    rule.params.iter().filter_map(|(name, value)| Some((name.as_str(), parameter(named_key(value)?)?)))
}

/// What a version says of a key, else its default, as a template would write it; `None` where there is nothing to say.
fn value_of(kind: Kind, said: Option<&str>) -> Option<Value> {
    let text = said.filter(|text| kind.allows(text)).map(str::to_owned).or_else(|| kind.default())?;
    match kind {
        Kind::Whole(kind) => kind.read(&text).map(Value::from),
        Kind::DaySpan(kind) => kind.read(&text).map(|(from, to)| json!([from, to])),
        _ => Some(Value::from(text)),
    }
}

/// Why a parameter cannot take its value from this key.
pub(super) fn key_fault(param: Param, key: &str) -> Option<ParamError> {
    let Some(row) = parameter(key) else {
        return Some(error(param.key, format!("the policy has no key {key}"), format!("策略中没有 {key}")));
    };
    if !takes(param.kind, row) {
        let en = format!("cannot take its value from {key}, {}", described(row));
        return Some(error(param.key, en, format!("不能取自 {key}（{}）", row.zh)));
    }
    None
}

fn described(row: &Parameter) -> String {
    match row.unit {
        Unit::None => format!("whose value is: {}", row.kind.name()),
        unit => format!("whose value is: {} in {}", row.kind.name(), unit.en()),
    }
}

/// Whether every value of the key is one that the parameter may have, in its unit.
fn takes(param: ParamKind, row: &Parameter) -> bool {
    match (param, row.kind) {
        (ParamKind::Number(unit), Kind::Whole(kind)) => row.unit == unit && kind.least >= 0,
        (ParamKind::Share, Kind::Amount(kind)) => Decimal::ZERO <= kind.least && kind.most <= Decimal::from_int(1),
        (ParamKind::DaySpan, Kind::DaySpan(_))
        | (ParamKind::TimeOfDay, Kind::TimeOfDay(_))
        | (ParamKind::MonthDay, Kind::MonthDay(_)) => true,
        (ParamKind::Frequency, Kind::OneOf(kind)) => {
            kind.of.iter().all(|code| CallFrequency::from_code(code).is_some())
        }
        (ParamKind::WaitFrom, Kind::OneOf(kind)) => kind.of.iter().all(|code| WaitFrom::from_code(code).is_some()),
        _ => false,
    }
}
