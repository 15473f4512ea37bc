//! Thresholds of readings: `value`, `param`, `base`, `base × param` or `between`.

use super::context::{Ctx, Trial};
use super::facts::Facts;
use crate::decimal::Decimal;
use crate::doc::Map;
use crate::formulas;
use crate::template::model::{Measurement, Threshold, ThresholdOp};

/// How a measurement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nothing was measured.
    Missing,
    /// The newest reading is no number in the template's unit.
    Unreadable,
    /// The template sets no threshold, or its right side has no value.
    NotJudged,
    /// Within the threshold.
    Pass,
    /// Outside the threshold.
    Fail,
}

/// Judges the newest reading of a measurement.
#[must_use]
pub fn reading(facts: &Facts<'_>, measurement: &Measurement) -> Reading {
    judge(&Ctx::new(facts, None, Trial::new()), measurement)
}

/// Whether contested readings would be judged differently.
pub(super) fn is_mixed(facts: &Facts<'_>, measurement: &Measurement, counting: Reading) -> bool {
    let mut conflicts = facts.view.conflicts.iter().enumerate().filter(|(_, conflict)| conflict.is_contested());
    let Some((index, conflict)) = conflicts.find(|(_, one)| one.is_about(Map::Measures, &measurement.code)) else {
        return false;
    };
    let mut trials = (0..conflict.candidates.len()).map(|candidate| Trial::from([(index, candidate)]));
    trials.any(|trial| judge(&Ctx::new(facts, None, trial), measurement) != counting)
}

pub(super) fn judge(ctx: &Ctx<'_>, measurement: &Measurement) -> Reading {
    let Some((text, unit)) = ctx.measure(&measurement.code) else { return Reading::Missing };
    let Ok(value) = text.parse::<Decimal>() else { return Reading::Unreadable };
    if unit != measurement.unit {
        return Reading::Unreadable;
    }
    let Some(threshold) = &measurement.threshold else { return Reading::NotJudged };
    match meets(ctx, threshold, value) {
        None => Reading::NotJudged,
        Some(true) => Reading::Pass,
        Some(false) => Reading::Fail,
    }
}

/// Whether a value meets a threshold; `None` while its right side has no value.
// Rules: INS-22, INS-23
fn meets(ctx: &Ctx<'_>, threshold: &Threshold, value: Decimal) -> Option<bool> {
    if threshold.op == ThresholdOp::Between {
        let bound = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Decimal>().ok());
        return Some(bound(&threshold.min)? <= value && value <= bound(&threshold.max)?);
    }
    let right = match (&threshold.value, &threshold.base, &threshold.param) {
        (Some(text), _, _) => text.parse().ok()?,
        (None, None, Some(param)) => ctx.param(param)?,
        (None, Some(base), None) => base_value(ctx, base)?,
        (None, Some(base), Some(param)) => {
            let (base, param) = (base_value(ctx, base)?, ctx.param(param)?);
            if threshold.op == ThresholdOp::Ge {
                return formulas::speed_test(value, base, param).ok();
            }
            base.times(param).ok()?
        }
        (None, None, None) => return None,
    };
    Some(match threshold.op {
        ThresholdOp::Gt => value > right,
        ThresholdOp::Ge => value >= right,
        ThresholdOp::Lt => value < right,
        ThresholdOp::Le | ThresholdOp::Between => value <= right,
    })
}

/// A measurement of the template, else an order field.
fn base_value(ctx: &Ctx<'_>, base: &str) -> Option<Decimal> {
    match ctx.facts.template.measurement(base) {
        Some(_) => ctx.number(base),
        None => ctx.order(base)?.parse().ok(),
    }
}
