//! F-35, F-40: notice of a planned visit, records of a new customer.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::FormulaError;
use super::codes::coded;
use super::complaint::plus_hours;
use super::input::{Input, show_instant};
use super::share::shown_share;
use crate::calendar::{DayError, Zone, plus_days, plus_months};
use crate::plan::PolicyRow;
use crate::policy::keys;
use crate::time::UnixMillis;

/// Least days between the notice of a customer visit and the visit.
///
/// # Source
/// VIS-03, APT-12: one week.
pub const VISIT_NOTICE_DAYS: i64 = keys::VISIT_NOTICE.kind.default;

/// F-35: the last day on which a visit of that day can be announced.
///
/// # Errors
/// [`DayError::OutOfRange`].
pub fn latest_visit_notice(planned: Date, notice_days: i64) -> Result<Date, DayError> {
    plus_days(planned, notice_days.saturating_neg())
}

pub(super) fn run_visit_notice(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let planned = input.get("planned")?;
    let latest = planned.exists(latest_visit_notice(planned.date()?, VISIT_NOTICE_DAYS))?;
    let compliant = input.get("notified")?.date()? <= latest;
    Ok(json!({ "latest_notice": latest.to_string(), "compliant": compliant }))
}

coded! {
    /// How often a customer is called on (VIS-11).
    pub enum CallFrequency {
        /// Once a month.
        Monthly = "monthly",
        /// Once a quarter.
        Quarterly = "quarterly",
        /// Once a half-year.
        HalfYearly = "half_yearly",
        /// Once a year.
        Yearly = "yearly",
    }
}

impl CallFrequency {
    /// Months from one call to the next.
    const fn months(self) -> i64 {
        match self {
            Self::Monthly => 1,
            Self::Quarterly => 3,
            Self::HalfYearly => 6,
            Self::Yearly => 12,
        }
    }

    /// The last day of the call after one on that day (GEN-04).
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    pub fn next_call_by(self, call: Date) -> Result<Date, DayError> {
        plus_months(call, self.months())
    }
}

/// Time for the records of a new partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordNorm {
    /// Days from contract and acceptance to the sheet.
    pub sheet_days: i64,
    /// Elapsed hours from the sheet to the record.
    pub record_hours: i64,
}

impl RecordNorm {
    /// The times of a policy.
    ///
    /// # Source
    /// CUS-04.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        Self { sheet_days: policy.get(keys::RECORD_SHEET), record_hours: policy.get(keys::RECORD_ENTRY) }
    }
}

impl Default for RecordNorm {
    fn default() -> Self {
        Self::of(&PolicyRow::default())
    }
}

/// Result of F-40 without the completeness, which is a share of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordDue {
    /// Last day of the sheet.
    pub sheet_due: Date,
    /// Whether the sheet came by the end of that day.
    pub sheet_in_time: bool,
    /// Last instant of the record.
    pub record_due: UnixMillis,
}

/// F-40: when sheet and record of a new customer are due.
///
/// # Errors
/// [`DayError::OutOfRange`].
pub fn customer_record_due(
    accepted_at: UnixMillis,
    submitted_at: UnixMillis,
    zone: &Zone,
    norm: &RecordNorm,
) -> Result<RecordDue, DayError> {
    let sheet_due = plus_days(zone.day_of(accepted_at)?, norm.sheet_days)?;
    let sheet_in_time = zone.day_of(submitted_at)? <= sheet_due;
    Ok(RecordDue { sheet_due, sheet_in_time, record_due: plus_hours(submitted_at, norm.record_hours) })
}

pub(super) fn run_customer_record_due(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let (accepted_at, submitted_at) = (input.get("accepted_at")?.instant()?, input.get("submitted_at")?.instant()?);
    let due = customer_record_due(accepted_at, submitted_at, &Zone::default(), &RecordNorm::default());
    let due = input.exists(due)?;
    Ok(json!({
        "sheet_due": due.sheet_due.to_string(),
        "sheet_in_time": due.sheet_in_time,
        "record_due": show_instant(due.record_due),
        "completeness": shown_share(&input, "filled", "mandatory")?,
    }))
}
