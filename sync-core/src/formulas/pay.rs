//! F-37: pay deductions, as records only and never as payroll (PAY-05).

use serde_json::{Value, json};

use super::FormulaError;
use super::input::Input;
use crate::decimal::{Decimal, DecimalError};
use crate::plan::PolicyRow;
use crate::policy::keys;

/// What late arrivals and complaints cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayNorm {
    /// Share of the base pay for each of the first late arrivals.
    pub first_late: Decimal,
    /// How many late arrivals count as first ones.
    pub first_events: u64,
    /// Share of the base pay for each late arrival after them.
    pub further_late: Decimal,
    /// Least deduction for a complaint, in fen.
    pub complaint_fen: i64,
}

impl PayNorm {
    /// The deductions of a policy.
    ///
    /// # Source
    /// PAY-01 (GAP-24), PAY-02.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        Self {
            first_late: policy.get(keys::LATE_RATE_FIRST),
            first_events: policy.count(keys::LATE_FIRST_EVENTS),
            further_late: policy.get(keys::LATE_RATE_FURTHER),
            complaint_fen: policy.get(keys::COMPLAINT_DEDUCTION),
        }
    }
}

impl Default for PayNorm {
    fn default() -> Self {
        Self::of(&PolicyRow::default())
    }
}

/// Result of F-37.
///
/// # Units
/// Fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayDeduction {
    /// For late arrivals, rounded once over all of them.
    pub late_fen: i64,
    /// For complaints, the least amount.
    pub complaint_fen: i64,
    /// Both.
    pub total_fen: i64,
}

/// F-37: the deductions to record.
///
/// # Errors
/// [`DecimalError::Overflow`] if an amount does not fit.
pub fn pay_deduction_record(
    base_fen: i64,
    late_events: u64,
    complaints: u64,
    norm: &PayNorm,
) -> Result<PayDeduction, DecimalError> {
    let times = |rate: Decimal, events: u64| rate.times(Decimal::whole(events.into()));
    let first = late_events.min(norm.first_events);
    let rate = times(norm.first_late, first)?.plus(times(norm.further_late, late_events.saturating_sub(first))?)?;
    let late_fen = rate.times(Decimal::from_int(base_fen))?.to_units(0)?;
    let complaint_fen = times(Decimal::from_int(norm.complaint_fen), complaints)?.to_units(0)?;
    let total_fen = late_fen.checked_add(complaint_fen).ok_or(DecimalError::Overflow)?;
    Ok(PayDeduction { late_fen, complaint_fen, total_fen })
}

pub(super) fn run_pay_deduction_record(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let (base, late) = (input.get("base_fen")?.fen()?, input.get("late_events")?.count()?);
    let complaints = input.get("complaints")?.count()?;
    let record = input.fits(pay_deduction_record(base, late, complaints, &PayNorm::default()))?;
    Ok(json!({
        "late_fen": record.late_fen,
        "complaint_fen": record.complaint_fen,
        "total_fen": record.total_fen,
    }))
}
