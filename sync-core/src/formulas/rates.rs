//! F-31, F-34, F-43: kept appointments, satisfied customers, buyers.

use serde_json::{Value, json};

use super::FormulaError;
use super::input::{Input, part_of, show};
use super::share::{share, shown_share};
use crate::decimal::{Decimal, DecimalError};
use crate::policy::keys;

/// Result of F-31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fulfilment {
    /// Due appointments that the customer did not change.
    pub denominator: u64,
    /// Kept ones among them, four decimals; `None` without any.
    pub rate: Option<Decimal>,
}

/// F-31: the share of due appointments that were kept: not late, and not moved by us on short notice (INS-38).
#[must_use]
pub fn fulfilment_rate(due: u64, changed_by_customer: u64, kept: u64) -> Fulfilment {
    let denominator = due.saturating_sub(changed_by_customer);
    Fulfilment { denominator, rate: share(kept, denominator) }
}

pub(super) fn run_fulfilment_rate(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let due = input.get("due")?.count()?;
    let changed = part_of(&input.get("changed_by_customer")?, due, "due")?;
    let kept = part_of(&input.get("kept")?, due.saturating_sub(changed), "due less changed_by_customer")?;
    let fulfilment = fulfilment_rate(due, changed, kept);
    Ok(json!({ "denominator": fulfilment.denominator, "rate": show(fulfilment.rate) }))
}

/// Near-term target of the satisfaction rate.
///
/// # Source
/// RET-28.
pub const SATISFACTION_NEAR_TERM: Decimal = keys::SATISFACTION_NEAR_TERM.kind.default;

/// Long-term target of the satisfaction rate.
///
/// # Source
/// RET-28.
pub const SATISFACTION_LONG_TERM: Decimal = keys::SATISFACTION_LONG_TERM.kind.default;

/// Result of F-34; both are `None` without a valid answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Satisfaction {
    /// Share of satisfied answers, four decimals.
    pub rate: Option<Decimal>,
    /// Whether it reaches the target, judged on the exact share.
    pub target_met: Option<bool>,
}

/// F-34: the share of satisfied answers among the valid ones (KPI-15).
///
/// # Errors
/// [`DecimalError::Overflow`] for a target of too many digits.
pub fn satisfaction_rate(satisfied: u64, valid: u64, target: Decimal) -> Result<Satisfaction, DecimalError> {
    let rate = share(satisfied, valid);
    let goal = target.times(Decimal::whole(valid.into()))?;
    Ok(Satisfaction { rate, target_met: rate.map(|_| Decimal::whole(satisfied.into()) >= goal) })
}

pub(super) fn run_satisfaction_rate(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let answered = input.get("answered")?.count()?;
    let valid = answered.saturating_sub(part_of(&input.get("invalid")?, answered, "answered")?);
    let satisfied = part_of(&input.get("satisfied")?, valid, "answered less invalid")?;
    let satisfaction = input.fits(satisfaction_rate(satisfied, valid, input.get("target")?.share()?))?;
    Ok(json!({ "rate": show(satisfaction.rate), "target_met": satisfaction.target_met }))
}

/// F-43: customers who bought among those served (KPI-19).
pub(super) fn run_conversion(input: &Value) -> Result<Value, FormulaError> {
    Ok(json!({ "conversion": shown_share(&Input::root(input), "bought", "served")? }))
}
