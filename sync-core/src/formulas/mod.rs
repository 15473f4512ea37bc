//! The worked formulas of rulebook section 23: one file per family, one entry point for all.
//!
//! Every formula exists once as a typed function; rule checks call the same function. [`run`] is
//! the JSON form of them, shaped like the cases of `data/examples.json`.

mod appointment;
mod input;
mod install;

use serde_json::Value;

pub use appointment::{
    ABSENCE_WAIT_MIN, Absence, Arrival, ArrivalClass, ArrivalWindow, Notice, RESCHEDULE_NOTICE_MIN, WaitFrom,
    absence_wait, arrival_class, floor_minutes, minutes_ms, reschedule_notice,
};
pub use install::{
    OPTICAL_FLOOR_DBM, Photos, install_photo_completeness, line_test_four_elements, optical_power, speed_test,
};

/// Why a formula has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormulaError {
    /// A field is missing or has a value the formula cannot read.
    #[error("{field}: {message}")]
    Input {
        /// The field.
        field: String,
        /// What it should be.
        message: String,
    },
    /// The rulebook has the formula, this version does not compute it yet.
    #[error("{code}: listed, computed in a later version")]
    NotYet {
        /// Its code.
        code: String,
    },
    /// The rulebook has no such formula.
    #[error("no formula {0}")]
    Unknown(String),
}

/// Reads the JSON input, gives the JSON result.
type Run = fn(&Value) -> Result<Value, FormulaError>;

/// A formula of the rulebook.
#[derive(Debug, Clone, Copy)]
pub struct Formula {
    /// Id in the rulebook, `F-nn`.
    pub id: &'static str,
    /// Code.
    pub code: &'static str,
    run: Option<Run>,
}

impl Formula {
    const fn ready(id: &'static str, code: &'static str, run: Run) -> Self {
        Self { id, code, run: Some(run) }
    }

    const fn listed(id: &'static str, code: &'static str) -> Self {
        Self { id, code, run: None }
    }

    /// Whether this version computes it.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.run.is_some()
    }
}

/// Every formula of rulebook section 23, in its order.
pub const FORMULAS: [Formula; 43] = [
    Formula::ready("F-01", "arrival_class", appointment::run_arrival_class),
    Formula::ready("F-02", "reschedule_notice", appointment::run_reschedule_notice),
    Formula::ready("F-03", "absence_wait", appointment::run_absence_wait),
    Formula::ready("F-04", "optical_power", install::run_optical_power),
    Formula::ready("F-05", "speed_test", install::run_speed_test),
    Formula::ready("F-06", "line_test_four_elements", install::run_line_test),
    Formula::ready("F-07", "install_photo_completeness", install::run_photos),
    Formula::listed("F-08", "turnover_tier"),
    Formula::listed("F-09", "value_class_a"),
    Formula::listed("F-10", "asset_tier"),
    Formula::listed("F-11", "vip_manager_headcount"),
    Formula::listed("F-12", "retention_chain"),
    Formula::listed("F-13", "churn_reduction"),
    Formula::listed("F-14", "retention_supervisor_score"),
    Formula::listed("F-15", "return_visit_windows"),
    Formula::listed("F-16", "sampling"),
    Formula::listed("F-17", "quarter_cap"),
    Formula::listed("F-18", "minimum_frequency"),
    Formula::listed("F-19", "return_visit_rates"),
    Formula::listed("F-20", "deduction_score"),
    Formula::listed("F-21", "grade"),
    Formula::listed("F-22", "annual_score"),
    Formula::listed("F-23", "dealer_satisfaction"),
    Formula::listed("F-24", "liaison_penalty"),
    Formula::listed("F-25", "liaison_number"),
    Formula::listed("F-26", "survey_merge"),
    Formula::listed("F-27", "survey_interest_score"),
    Formula::listed("F-28", "area_capacity"),
    Formula::listed("F-29", "interviews_per_day"),
    Formula::listed("F-30", "report_deadlines"),
    Formula::listed("F-31", "fulfilment_rate"),
    Formula::listed("F-32", "complaint_answer_due"),
    Formula::listed("F-33", "meeting_issue_due"),
    Formula::listed("F-34", "satisfaction_rate"),
    Formula::listed("F-35", "visit_notice"),
    Formula::listed("F-36", "daily_activity"),
    Formula::listed("F-37", "pay_deduction_record"),
    Formula::listed("F-38", "dispatch_order"),
    Formula::listed("F-39", "retention_rates"),
    Formula::listed("F-40", "customer_record_due"),
    Formula::listed("F-41", "offer_floor_check"),
    Formula::listed("F-42", "repeat_repair"),
    Formula::listed("F-43", "conversion"),
];

/// Runs a formula, named by id (`F-01`) or code (`arrival_class`).
///
/// # Errors
/// [`FormulaError`]: unknown, not computed yet, or an input field that cannot be read.
///
/// # Examples
/// ```
/// let input = serde_json::json!({"dbm": "-18.30"});
/// let result = sync_core::formulas::run("F-04", &input)?;
/// assert_eq!(result, serde_json::json!({"centi_dbm": -1830, "pass": true}));
/// # Ok::<(), sync_core::formulas::FormulaError>(())
/// ```
pub fn run(code_or_id: &str, input: &Value) -> Result<Value, FormulaError> {
    let formula = FORMULAS
        .iter()
        .find(|formula| formula.id == code_or_id || formula.code == code_or_id)
        .ok_or_else(|| FormulaError::Unknown(code_or_id.to_owned()))?;
    match formula.run {
        Some(run) => run(input),
        None => Err(FormulaError::NotYet { code: formula.code.to_owned() }),
    }
}
