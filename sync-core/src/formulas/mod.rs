//! The worked formulas of rulebook section 23: one file per family, one entry point for all.
//!
//! Every formula exists once as a typed function; rule checks call the same function. [`run`] is
//! the JSON form of them, shaped like the cases of `data/examples.json`. Its numbers are the defaults of the policy
//! ([`crate::policy`]) where the input names none; the typed functions take those of any version.

mod appointment;
mod assessment;
mod churn;
mod codes;
mod complaint;
mod customer;
mod dispatch;
mod input;
mod install;
mod liaison;
mod pay;
mod rates;
mod record;
mod report;
mod retention;
mod return_visit;
mod return_window;
mod share;
mod survey;

use serde_json::Value;

use codes::Coded;

pub use appointment::*;
pub use assessment::*;
pub use churn::*;
pub use complaint::*;
pub use customer::*;
pub use dispatch::*;
pub use install::*;
pub use liaison::*;
pub use pay::*;
pub use rates::*;
pub use record::*;
pub use report::*;
pub use retention::*;
pub use return_visit::*;
pub use return_window::*;
pub use share::*;
pub use survey::*;

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
    /// Rules of the rulebook that it computes.
    pub rules: &'static [&'static str],
    run: Run,
}

impl Formula {
    const fn new(id: &'static str, code: &'static str, rules: &'static [&'static str], run: Run) -> Self {
        Self { id, code, rules, run }
    }

    /// Whether that is its id or its code.
    #[must_use]
    pub fn is_named(&self, code_or_id: &str) -> bool {
        self.id == code_or_id || self.code == code_or_id
    }
}

/// Every formula of rulebook section 23, in its order.
pub const FORMULAS: [Formula; 43] = [
    Formula::new("F-01", "arrival_class", &["INS-07", "APT-03"], appointment::run_arrival_class),
    Formula::new("F-02", "reschedule_notice", &["APT-04"], appointment::run_reschedule_notice),
    Formula::new("F-03", "absence_wait", &["APT-06"], appointment::run_absence_wait),
    Formula::new("F-04", "optical_power", &["INS-22"], install::run_optical_power),
    Formula::new("F-05", "speed_test", &["INS-22", "INS-23"], install::run_speed_test),
    Formula::new("F-06", "line_test_four_elements", &["INS-22"], install::run_line_test),
    Formula::new("F-07", "install_photo_completeness", &["INS-28", "INS-32"], install::run_photos),
    Formula::new("F-08", "turnover_tier", &["CUS-13"], customer::run_turnover_tier),
    Formula::new("F-09", "value_class_a", &["CUS-14"], customer::run_value_class_a),
    Formula::new("F-10", "asset_tier", &["CUS-16"], customer::run_asset_tier),
    Formula::new("F-11", "vip_manager_headcount", &["CUS-17"], customer::run_vip_manager_headcount),
    Formula::new("F-12", "retention_chain", &["RET-04", "RET-05", "RET-07", "RET-08"], retention::run_retention_chain),
    Formula::new("F-13", "churn_reduction", &["RET-28", "RET-29"], churn::run_churn_reduction),
    Formula::new("F-14", "retention_supervisor_score", &["RET-30", "RET-31"], churn::run_retention_supervisor_score),
    Formula::new(
        "F-15",
        "return_visit_windows",
        &["RTV-06", "RTV-07", "RTV-09", "RTV-10", "RTV-11", "RTV-13", "VIS-19"],
        return_window::run_return_visit_windows,
    ),
    Formula::new("F-16", "sampling", &["RTV-04"], return_visit::run_sampling),
    Formula::new("F-17", "quarter_cap", &["RTV-15", "RTV-23"], return_visit::run_quarter_cap),
    Formula::new("F-18", "minimum_frequency", &["RTV-19"], return_visit::run_minimum_frequency),
    Formula::new("F-19", "return_visit_rates", &["RTV-34"], return_visit::run_return_visit_rates),
    Formula::new("F-20", "deduction_score", &["KPI-01", "KPI-04", "KPI-05"], assessment::run_deduction_score),
    Formula::new("F-21", "grade", &["KPI-07"], assessment::run_grade),
    Formula::new("F-22", "annual_score", &["KPI-03"], assessment::run_annual_score),
    Formula::new("F-23", "dealer_satisfaction", &["KPI-10"], assessment::run_dealer_satisfaction),
    Formula::new(
        "F-24",
        "liaison_penalty",
        &["LIA-13", "LIA-14", "LIA-15", "LIA-16", "LIA-17"],
        liaison::run_liaison_penalty,
    ),
    Formula::new("F-25", "liaison_number", &["LIA-05"], liaison::run_liaison_number),
    Formula::new("F-26", "survey_merge", &["SUR-19", "SUR-21"], survey::run_survey_merge),
    Formula::new("F-27", "survey_interest_score", &["SUR-09", "SUR-21"], survey::run_survey_interest_score),
    Formula::new("F-28", "area_capacity", &["SUR-12", "SUR-13"], survey::run_area_capacity),
    Formula::new("F-29", "interviews_per_day", &["SUR-16"], survey::run_interviews_per_day),
    Formula::new(
        "F-30",
        "report_deadlines",
        &["MTG-06", "MTG-07", "MTG-08", "KPI-02", "KPI-06"],
        report::run_report_deadlines,
    ),
    Formula::new("F-31", "fulfilment_rate", &["INS-38"], rates::run_fulfilment_rate),
    Formula::new("F-32", "complaint_answer_due", &["CMP-01", "CMP-02"], complaint::run_complaint_answer_due),
    Formula::new("F-33", "meeting_issue_due", &["MTG-03"], report::run_meeting_issue_due),
    Formula::new("F-34", "satisfaction_rate", &["KPI-15", "RET-28"], rates::run_satisfaction_rate),
    Formula::new("F-35", "visit_notice", &["VIS-03", "APT-12"], record::run_visit_notice),
    Formula::new("F-36", "daily_activity", &["RET-24", "RET-25", "RET-26"], churn::run_daily_activity),
    Formula::new("F-37", "pay_deduction_record", &["PAY-01", "PAY-02"], pay::run_pay_deduction_record),
    Formula::new("F-38", "dispatch_order", &["APT-09", "INS-49"], dispatch::run_dispatch_order),
    Formula::new("F-39", "retention_rates", &["RET-28", "RET-32"], retention::run_retention_rates),
    Formula::new("F-40", "customer_record_due", &["CUS-04", "CUS-06"], record::run_customer_record_due),
    Formula::new("F-41", "offer_floor_check", &["RET-12"], retention::run_offer_floor_check),
    Formula::new("F-42", "repeat_repair", &["CMP-13"], complaint::run_repeat_repair),
    Formula::new("F-43", "conversion", &["KPI-19"], rates::run_conversion),
];

/// Runs a formula, named by id (`F-01`) or code (`arrival_class`).
///
/// # Errors
/// [`FormulaError`]: unknown, or an input field that cannot be read.
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
        .find(|formula| formula.is_named(code_or_id))
        .ok_or_else(|| FormulaError::Unknown(code_or_id.to_owned()))?;
    (formula.run)(input)
}
