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
    /// Together they are exactly one.
    AddsUpToOne(&'static [&'static str]),
}

/// Every agreement between keys.
///
/// # Source
/// APT-03 (window), RTV-15 (scales), CUS-13, CUS-16, KPI-03, KPI-07, KPI-10, RET-28, RET-30, SUR-19; the limits of photos warn
/// before they ask for another photo.
pub const AGREEMENTS: [Agreement; 15] = [
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
    Agreement::Ascends(&[keys::WORKING_HOURS_FROM.name, keys::WORKING_HOURS_TO.name]),
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
    pub const fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Ascends(keys) | Self::AddsUpToOne(keys) => keys,
        }
    }

    /// What is wrong, at the key where it shows; values that are none of their kind are another's fault.
    pub(super) fn fault(&self, parameters: &BTreeMap<String, String>) -> Option<ParameterFault> {
        match self {
            Self::Ascends(keys) => {
                let mut pairs = keys.iter().zip(keys.iter().skip(1));
                pairs.find_map(|(less, more)| descends(parameters, less, more))
            }
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
