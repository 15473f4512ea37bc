//! F-01 to F-03: arrival, notice of a change, waiting for an absent customer.
//!
//! Classes and verdicts come from exact milliseconds; only what is shown is rounded.

use serde_json::{Value, json};

use super::FormulaError;
use super::codes::coded;
use super::input::{Input, show_instant};
use crate::decimal::Decimal;
use crate::plan::PolicyRow;
use crate::policy::keys;
use crate::time::UnixMillis;

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// Least notice of a change in minutes.
///
/// # Source
/// APT-04.
pub const RESCHEDULE_NOTICE_MIN: i64 = keys::RESCHEDULE_NOTICE.kind.default;

/// Least wait for an absent customer in minutes.
///
/// # Source
/// APT-06.
pub const ABSENCE_WAIT_MIN: i64 = keys::ABSENCE_WAIT.kind.default;

/// Whole minutes, rounded down towards the earlier minute (rulebook 1.6).
#[must_use]
pub const fn floor_minutes(ms: i64) -> i64 {
    ms.div_euclid(MINUTE_MS)
}

/// Minutes in milliseconds.
#[must_use]
pub const fn minutes_ms(minutes: i64) -> i64 {
    minutes.saturating_mul(MINUTE_MS)
}

/// The arrival window before an appointment.
///
/// # Units
/// Minutes before the appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivalWindow {
    /// Latest arrival that is in the window.
    pub min_minutes: i64,
    /// Earliest arrival that is in the window.
    pub max_minutes: i64,
}

impl ArrivalWindow {
    /// Ten to five minutes before the appointment.
    ///
    /// # Source
    /// APT-03.
    pub const APT_03: Self =
        Self { min_minutes: keys::ARRIVAL_WINDOW_MIN.kind.default, max_minutes: keys::ARRIVAL_WINDOW_MAX.kind.default };

    /// The window of a policy.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        let (min_minutes, max_minutes) = (policy.get(keys::ARRIVAL_WINDOW_MIN), policy.get(keys::ARRIVAL_WINDOW_MAX));
        Self { min_minutes, max_minutes }
    }
}

coded! {
    /// Class of an arrival (APT-03).
    pub enum ArrivalClass {
        /// Before the window.
        TooEarly = "too_early",
        /// In the window, both ends included.
        InWindow = "in_window",
        /// After the window, not after the appointment.
        Tight = "tight",
        /// After the appointment; the only class that breaks the promise.
        Late = "late",
    }
}

/// Result of F-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Milliseconds before the appointment, negative after it.
    pub before_ms: i64,
    /// The class.
    pub class: ArrivalClass,
}

impl Arrival {
    /// Minutes before the appointment with two decimals, as F-01 shows them.
    #[must_use]
    pub fn minutes_before(&self) -> String {
        let minutes = Decimal::from_int(self.before_ms).divided_by(Decimal::from_int(MINUTE_MS), 2);
        minutes.map_or_else(|_too_large| String::new(), |minutes| minutes.to_string())
    }

    /// Whether the promise was kept.
    #[must_use]
    pub fn promise_kept(&self) -> bool {
        self.class != ArrivalClass::Late
    }
}

/// F-01: classifies an arrival.
#[must_use]
pub const fn arrival_class(appointment: UnixMillis, arrived_at: UnixMillis, window: ArrivalWindow) -> Arrival {
    let before_ms = appointment.since_ms(arrived_at);
    let class = if before_ms > minutes_ms(window.max_minutes) {
        ArrivalClass::TooEarly
    } else if before_ms >= minutes_ms(window.min_minutes) {
        ArrivalClass::InWindow
    } else if before_ms >= 0 {
        ArrivalClass::Tight
    } else {
        ArrivalClass::Late
    };
    Arrival { before_ms, class }
}

pub(super) fn run_arrival_class(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let appointment = input.get("appointment")?.instant()?;
    let arrival = arrival_class(appointment, input.get("arrived_at")?.instant()?, ArrivalWindow::APT_03);
    Ok(json!({
        "minutes_before": arrival.minutes_before(),
        "class": arrival.class.code(),
        "promise_kept": arrival.promise_kept(),
    }))
}

/// Result of F-02.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// Milliseconds of notice; negative after the appointment.
    pub notice_ms: i64,
    /// Whether it is enough.
    pub compliant: bool,
}

/// F-02: judges the notice of a change of time.
#[must_use]
pub const fn reschedule_notice(appointment: UnixMillis, notified_at: UnixMillis, min_minutes: i64) -> Notice {
    let notice_ms = appointment.since_ms(notified_at);
    Notice { notice_ms, compliant: notice_ms >= minutes_ms(min_minutes) }
}

pub(super) fn run_reschedule_notice(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let appointment = input.get("appointment")?.instant()?;
    let notice = reschedule_notice(appointment, input.get("notified_at")?.instant()?, RESCHEDULE_NOTICE_MIN);
    Ok(json!({
        "notice_minutes": floor_minutes(notice.notice_ms).to_string(),
        "compliant": notice.compliant,
    }))
}

coded! {
    /// What the wait is counted from (APT-06).
    pub enum WaitFrom {
        /// The arrival.
        Arrival = "arrival",
        /// The appointment, or the arrival if that was later.
        Appointment = "appointment",
    }
}

impl WaitFrom {
    /// When the wait starts.
    #[must_use]
    pub fn start(self, appointment: UnixMillis, arrived_at: UnixMillis) -> UnixMillis {
        match self {
            Self::Arrival => arrived_at,
            Self::Appointment => arrived_at.max(appointment),
        }
    }
}

/// Result of F-03.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// Milliseconds waited; negative if the rep left before the wait began.
    pub waited_ms: i64,
    /// From when leaving is compliant.
    pub may_leave_at: UnixMillis,
    /// Whether the wait was long enough.
    pub compliant: bool,
}

/// F-03: judges the wait for an absent customer.
#[must_use]
pub const fn absence_wait(wait_start: UnixMillis, left_at: UnixMillis, min_minutes: i64) -> Absence {
    let min_ms = minutes_ms(min_minutes);
    let waited_ms = left_at.since_ms(wait_start);
    Absence { waited_ms, may_leave_at: wait_start.plus_ms(min_ms), compliant: waited_ms >= min_ms }
}

pub(super) fn run_absence_wait(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let wait_from: WaitFrom = input.get("wait_from")?.code()?;
    let appointment = input.get("appointment")?.instant()?;
    let start = wait_from.start(appointment, input.get("arrived_at")?.instant()?);
    let absence = absence_wait(start, input.get("left_at")?.instant()?, ABSENCE_WAIT_MIN);
    Ok(json!({
        "waited_minutes": floor_minutes(absence.waited_ms).to_string(),
        "may_leave_at": show_instant(absence.may_leave_at),
        "compliant": absence.compliant,
    }))
}
