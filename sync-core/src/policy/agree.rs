//! What keys must say together: bounds that ascend, weights that add up.

use std::collections::BTreeMap;

use super::check::{Expected, ParameterFault};
use super::key::parameter;
use super::kind::{Kind, Readable as _};
use super::table as keys;
use crate::decimal::Decimal;

/// What several keys must satisfy together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Each is not less than the one before.
    Ascends(&'static [&'static str]),
    /// They differ: two times between which there is something, also across midnight.
    Differ(&'static str, &'static str),
    /// The second span of days begins after the first ends.
    Follows(&'static str, &'static str),
    /// Together they are exactly one.
    AddsUpToOne(&'static [&'static str]),
}

/// Every agreement between keys.
///
/// # Source
/// APT-03 (window), RTV-15 (scales), CUS-13, CUS-16, KPI-03, KPI-07, KPI-10, RET-28, RET-30, SUR-19; GEN-03, INS-49 and NOT-05 (hours
/// that last), RTV-09 to RTV-11 (headquarters after the dealer); the limits of photos warn before they ask for another photo.
pub const AGREEMENTS: [Agreement; 24] = [
    Agreement::Ascends(&[keys::ARRIVAL_WINDOW_MIN.name, keys::ARRIVAL_WINDOW_MAX.name]),
    Agreement::Ascends(&[keys::DISSATISFIED_OF_5.name, keys::SATISFIED_OF_5.name]),
    Agreement::Ascends(&[keys::DISSATISFIED_OF_10.name, keys::SATISFIED_OF_10.name]),
    Agreement::Ascends(&[keys::TIER_L1_SHARE.name, keys::TIER_L2_SHARE.name]),
    Agreement::Ascends(&[keys::SILVER_ASSETS.name, keys::GOLD_ASSETS.name]),
    Agreement::Ascends(&[
        keys::GRADE_D_ABOVE.name,
        keys::GRADE_C_ABOVE.name,
        keys::GRADE_B_ABOVE.name,
        keys::GRADE_A_ABOVE.name,
    ]),
    Agreement::Ascends(&[keys::SATISFACTION_NEAR_TERM.name, keys::SATISFACTION_LONG_TERM.name]),
    Agreement::Ascends(&[keys::PHOTO_DARK_RETAKE.name, keys::PHOTO_DARK_WARN.name]),
    Agreement::Ascends(&[keys::PHOTO_SHARP_RETAKE.name, keys::PHOTO_SHARP_WARN.name]),
    Agreement::Ascends(&[keys::PHOTO_REUSE_STRONG.name, keys::PHOTO_REUSE_PROBABLE.name, keys::PHOTO_REUSE_WEAK.name]),
    Agreement::Ascends(&[keys::CHURN_NEAR_TERM.name, keys::CHURN_LONG_TERM.name]),
    Agreement::Ascends(&[keys::STAY_NEAR_TERM.name, keys::STAY_LONG_TERM.name]),
    Agreement::Ascends(&[keys::WORKING_HOURS_FROM.name, keys::WORKING_HOURS_TO.name]),
    Agreement::Differ(keys::WORKING_HOURS_FROM.name, keys::WORKING_HOURS_TO.name),
    Agreement::Differ(keys::NIGHT_FROM.name, keys::NIGHT_TO.name),
    Agreement::Differ(keys::QUIET_HOURS_FROM.name, keys::QUIET_HOURS_TO.name),
    Agreement::Follows(keys::SALE_DEALER.name, keys::SALE_HEADQUARTERS.name),
    Agreement::Follows(keys::SERVICE_DEALER.name, keys::SERVICE_HEADQUARTERS.name),
    Agreement::Follows(keys::COMPLAINT_DEALER.name, keys::COMPLAINT_HEADQUARTERS.name),
    Agreement::Follows(keys::COMPLAINT_REGION.name, keys::COMPLAINT_HEADQUARTERS.name),
    Agreement::AddsUpToOne(&[
        keys::SURVEY_NEEDS_WEIGHT.name,
        keys::SURVEY_MARKET_WEIGHT.name,
        keys::SURVEY_INTERNAL_WEIGHT.name,
    ]),
    Agreement::AddsUpToOne(&[keys::YEAR_QUARTERS_WEIGHT.name, keys::YEAR_END_WEIGHT.name]),
    Agreement::AddsUpToOne(&[keys::DEALER_SALE_WEIGHT.name, keys::DEALER_SERVICE_WEIGHT.name]),
    Agreement::AddsUpToOne(&[keys::SUPERVISOR_POWER_ON_WEIGHT.name, keys::SUPERVISOR_REVENUE_WEIGHT.name]),
];

impl Agreement {
    /// The keys it is about, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<&'static str> {
        match self {
            Self::Ascends(keys) | Self::AddsUpToOne(keys) => keys.to_vec(),
            Self::Differ(first, second) | Self::Follows(first, second) => vec![first, second],
        }
    }

    /// What is wrong, at the key where it shows; values that are none of their kind are another's fault.
    pub(super) fn fault(&self, parameters: &BTreeMap<String, String>) -> Option<ParameterFault> {
        match self {
            Self::Ascends(keys) => {
                let mut pairs = keys.iter().zip(keys.iter().skip(1));
                pairs.find_map(|(less, more)| descends(parameters, less, more))
            }
            Self::Differ(first, second) => same(parameters, first, second),
            Self::Follows(first, second) => overlaps(parameters, first, second),
            Self::AddsUpToOne(keys) => sum_fault(parameters, keys),
        }
    }
}

/// The value of a key as a number that can be compared, and as it was said.
fn value(parameters: &BTreeMap<String, String>, key: &str) -> Option<(Decimal, String)> {
    let row = parameter(key)?;
    let text = parameters.get(key).cloned().or_else(|| row.kind.default())?;
    let number = match row.kind {
        Kind::TimeOfDay(kind) => Decimal::from_int(kind.read(&text)?),
        kind => kind.number(Some(&text))?,
    };
    Some((number, text))
}

fn descends(parameters: &BTreeMap<String, String>, less: &str, more: &str) -> Option<ParameterFault> {
    let ((least, limit), (number, actual)) = (value(parameters, less)?, value(parameters, more)?);
    let expected = Expected {
        en: format!("not less than {less}, which is {limit}"),
        zh: format!("不小于 {less}（{limit}）"),
    };
    (number < least).then(|| ParameterFault {
        key: more.to_owned(),
        expected,
        limit: Some(limit),
        actual: Some(actual),
    })
}

fn same(parameters: &BTreeMap<String, String>, first: &str, second: &str) -> Option<ParameterFault> {
    let ((one, limit), (other, actual)) = (value(parameters, first)?, value(parameters, second)?);
    let expected = Expected {
        en: format!("another time than {first}, which is {limit}"),
        zh: format!("不同于 {first}（{limit}）"),
    };
    (one == other).then(|| ParameterFault {
        key: second.to_owned(),
        expected,
        limit: Some(limit),
        actual: Some(actual),
    })
}

/// The span of days that a key says, and as it was said.
fn span(parameters: &BTreeMap<String, String>, key: &str) -> Option<((i64, i64), String)> {
    let row = parameter(key)?;
    let text = parameters.get(key).cloned().or_else(|| row.kind.default())?;
    let Kind::DaySpan(kind) = row.kind else { return None };
    Some((kind.read(&text)?, text))
}

fn overlaps(parameters: &BTreeMap<String, String>, first: &str, second: &str) -> Option<ParameterFault> {
    let (((_, ends), limit), ((begins, _), actual)) = (span(parameters, first)?, span(parameters, second)?);
    let expected = Expected {
        en: format!("days after those of {first}, which are {limit}"),
        zh: format!("晚于 {first}（{limit}）"),
    };
    (begins <= ends).then(|| ParameterFault {
        key: second.to_owned(),
        expected,
        limit: Some(limit),
        actual: Some(actual),
    })
}

fn sum_fault(parameters: &BTreeMap<String, String>, keys: &[&str]) -> Option<ParameterFault> {
    let mut sum = Decimal::ZERO;
    for key in keys {
        sum = sum.plus(value(parameters, key)?.0).ok()?;
    }
    let names = keys.join(" + ");
    let expected = Expected { en: format!("{names} exactly 1"), zh: format!("{names} 之和恰为 1") };
    let fault = |key: &&str| ParameterFault {
        key: (*key).to_owned(),
        expected,
        limit: Some("1".to_owned()),
        actual: Some(sum.to_string()),
    };
    if sum == Decimal::from_int(1) { None } else { keys.first().map(fault) }
}
