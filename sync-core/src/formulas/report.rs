//! F-30, F-33: last days of reports, appraisals and open meeting issues.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::FormulaError;
use super::codes::coded;
use super::input::Input;
use super::return_window::example_calendar;
use crate::calendar::{Calendar, DayError, Period, plus_days};
use crate::plan::PolicyRow;
use crate::policy::keys;

coded! {
    /// What is handed in after a period.
    pub enum ReportKind {
        /// Daily report (MTG-06).
        Daily = "daily",
        /// Weekly report (MTG-07).
        Weekly = "weekly",
        /// Monthly report (MTG-08).
        Monthly = "monthly",
        /// Quarterly analysis of return visits (KPI-06).
        RtvQuarter = "rtv_quarter",
        /// Yearly analysis of return visits (KPI-06).
        RtvYear = "rtv_year",
        /// Quarterly appraisal (KPI-02).
        KpiQuarter = "kpi_quarter",
        /// Yearly appraisal (KPI-02).
        KpiYear = "kpi_year",
    }
}

/// How the last day follows from the last day of the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportSpan {
    /// So many days after the period.
    Days(i64),
    /// So many working days after the period.
    WorkingDays(u32),
    /// A day of the next calendar period, counted from 1; of a week from Monday.
    DayOfNext(Period, i64),
}

impl ReportKind {
    /// When it is due.
    ///
    /// # Source
    /// MTG-06: the next day. MTG-07: Tuesday after the natural week. MTG-08: a day of the next month. KPI-06: working
    /// days. KPI-02: before a day of the next quarter and year, which itself is not included (GAP-31).
    #[must_use]
    pub fn norm(self, policy: &PolicyRow) -> ReportSpan {
        let working_days = |key| ReportSpan::WorkingDays(u32::try_from(policy.get(key)).unwrap_or(0));
        let day_of_next = |period, key| ReportSpan::DayOfNext(period, policy.get(key));
        match self {
            Self::Daily => ReportSpan::Days(policy.get(keys::DAILY_REPORT)),
            Self::Weekly => day_of_next(Period::Week, keys::WEEKLY_REPORT),
            Self::Monthly => day_of_next(Period::Month, keys::MONTHLY_REPORT),
            Self::RtvQuarter => working_days(keys::QUARTER_ANALYSIS),
            Self::RtvYear => working_days(keys::YEAR_ANALYSIS),
            Self::KpiQuarter => day_of_next(Period::Quarter, keys::QUARTER_APPRAISAL),
            Self::KpiYear => day_of_next(Period::Year, keys::YEAR_APPRAISAL),
        }
    }
}

/// F-30: the last day on which the report of a period is in time.
///
/// # Errors
/// [`DayError::OutOfRange`].
pub fn report_deadline(span: ReportSpan, period_end: Date, calendar: &Calendar) -> Result<Date, DayError> {
    match span {
        ReportSpan::Days(days) => plus_days(period_end, days),
        ReportSpan::WorkingDays(days) => calendar.working_days_after(period_end, days),
        ReportSpan::DayOfNext(period, day) => plus_days(period.next_first_day(period_end)?, day.saturating_sub(1)),
    }
}

/// Holidays of the worked examples of F-30 beside those of F-15.
const NEW_YEAR_HOLIDAYS: [&str; 2] = ["2026-01-01", "2026-01-02"];

pub(super) fn run_report_deadlines(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let kind: ReportKind = input.get("kind")?.code()?;
    let period_end = input.get("period_end")?;
    let calendar = input.calendar()?.map_or_else(|| input.exists(example_calendar(&NEW_YEAR_HOLIDAYS)), Ok)?;
    let norm = kind.norm(&PolicyRow::default());
    let last_day = period_end.exists(report_deadline(norm, period_end.date()?, &calendar))?;
    Ok(json!({ "last_day": last_day.to_string() }))
}

coded! {
    /// Who can solve an open issue of a meeting (MTG-03).
    pub enum IssueScope {
        /// The department itself.
        Internal = "internal",
        /// Several departments.
        Cross = "cross",
    }
}

impl IssueScope {
    /// Days until the answer.
    ///
    /// # Source
    /// MTG-03.
    #[must_use]
    pub fn answer_days(self, policy: &PolicyRow) -> i64 {
        policy.get(match self {
            Self::Internal => keys::ISSUE_INTERNAL,
            Self::Cross => keys::ISSUE_CROSS,
        })
    }
}

/// F-33: the last day to answer an issue raised that day, so many days later.
///
/// # Errors
/// [`DayError::OutOfRange`].
pub fn meeting_issue_due(raised: Date, answer_days: i64) -> Result<Date, DayError> {
    plus_days(raised, answer_days)
}

pub(super) fn run_meeting_issue_due(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let scope: IssueScope = input.get("scope")?.code()?;
    let raised = input.get("raised")?;
    let days = scope.answer_days(&PolicyRow::default());
    let due = raised.exists(meeting_issue_due(raised.date()?, days))?;
    Ok(json!({ "due": due.to_string() }))
}
