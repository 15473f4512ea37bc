//! F-15: when a return visit is due after what happened.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::FormulaError;
use super::codes::coded;
use super::complaint::plus_hours;
use super::input::{Input, show_instant};
use crate::calendar::{Calendar, DayError, Zone, parse_day, plus_days, plus_months};
use crate::plan::PolicyRow;
use crate::policy::keys;
use crate::time::UnixMillis;

coded! {
    /// What makes a return visit due (rulebook 7.4).
    pub enum ReturnTrigger {
        /// A sale (RTV-09).
        Sale = "sale",
        /// Maintenance or repair (RTV-10).
        ServiceDone = "service_done",
        /// A complaint (RTV-11).
        Complaint = "complaint",
        /// Goods delivered (RTV-06).
        Delivery = "delivery",
        /// An installation (RTV-07).
        InstallDone = "install_done",
        /// An account opened (RTV-13).
        AccountOpening = "account_opening",
        /// A VIP who joined (VIS-19).
        VipJoined = "vip_joined",
    }
}

coded! {
    /// Who makes a return visit (rulebook 7.4).
    pub enum ReturnLevel {
        /// Dealer.
        Dealer = "dealer",
        /// Region.
        Region = "region",
        /// Headquarters.
        Headquarters = "headquarters",
        /// Agent.
        Agent = "agent",
        /// Branch.
        Branch = "branch",
        /// Customer manager.
        Manager = "manager",
        /// Customer manager, product coaching.
        Coaching = "coaching",
    }
}

/// How long after its trigger a return visit may be made; the trigger day is day 0 (GEN-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnSpan {
    /// From the start of one day to the end of another, counted in days.
    Days {
        /// First day.
        from: i64,
        /// Last day, itself included.
        to: i64,
    },
    /// From day 0 to the end of a working day.
    WorkingDays(u32),
    /// From day 0 to the end of the same day so many months later (GEN-04).
    Months(i64),
    /// So many elapsed hours, to the instant.
    Hours(i64),
}

/// A level's window by the norms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnNorm {
    /// Who visits.
    pub level: ReturnLevel,
    /// When.
    pub span: ReturnSpan,
}

const fn days(level: ReturnLevel, (from, to): (i64, i64)) -> ReturnNorm {
    ReturnNorm { level, span: ReturnSpan::Days { from, to } }
}

/// Proactive product coaching of a new VIP, three months.
///
/// # Source
/// VIS-19. It is no return visit, so that F-15 does not list it.
pub const VIP_COACHING: ReturnNorm =
    ReturnNorm { level: ReturnLevel::Coaching, span: ReturnSpan::Months(keys::VIP_COACHING.kind.default) };

impl ReturnTrigger {
    /// The windows of rulebook 7.4, in its order.
    #[must_use]
    pub fn norms(self) -> Vec<ReturnNorm> {
        self.norms_of(&PolicyRow::default())
    }

    /// The windows of a policy, in the order of rulebook 7.4.
    ///
    /// # Source
    /// RTV-06, RTV-07, RTV-09, RTV-10, RTV-11, RTV-13, VIS-19 (three weeks are 21 days).
    #[must_use]
    pub fn norms_of(self, policy: &PolicyRow) -> Vec<ReturnNorm> {
        use ReturnLevel::{Agent, Branch, Dealer, Headquarters, Manager, Region};
        let days = |level, key| days(level, policy.get(key));
        let hours = |key| vec![ReturnNorm { level: Agent, span: ReturnSpan::Hours(policy.get(key)) }];
        match self {
            Self::Sale => vec![days(Dealer, keys::SALE_DEALER), days(Headquarters, keys::SALE_HEADQUARTERS)],
            Self::ServiceDone => {
                vec![days(Dealer, keys::SERVICE_DEALER), days(Headquarters, keys::SERVICE_HEADQUARTERS)]
            }
            Self::Complaint => vec![
                days(Dealer, keys::COMPLAINT_DEALER),
                days(Region, keys::COMPLAINT_REGION),
                days(Headquarters, keys::COMPLAINT_HEADQUARTERS),
            ],
            Self::Delivery => hours(keys::DELIVERY_CALL),
            Self::InstallDone => hours(keys::INSTALL_CALL),
            Self::AccountOpening => {
                let count = u32::try_from(policy.get(keys::ACCOUNT_OPENING)).unwrap_or(0);
                vec![ReturnNorm { level: Branch, span: ReturnSpan::WorkingDays(count) }]
            }
            Self::VipJoined => vec![self::days(Manager, (0, policy.get(keys::VIP_CONTACT)))],
        }
    }
}

/// Both ends of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnBounds {
    /// From the start of the first day to the end of the last (GEN-01: 24:00 local).
    Days {
        /// First day.
        opens: Date,
        /// Last day.
        closes: Date,
    },
    /// From instant to instant, both included.
    Instants {
        /// First instant.
        opens: UnixMillis,
        /// Last instant.
        closes: UnixMillis,
    },
}

impl ReturnBounds {
    /// The first and the last instant of the window.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    pub fn instants(&self, zone: &Zone) -> Result<(UnixMillis, UnixMillis), DayError> {
        match *self {
            Self::Days { opens, closes } => Ok((zone.start_of(opens)?, zone.end_of(closes)?.plus_ms(-1))),
            Self::Instants { opens, closes } => Ok((opens, closes)),
        }
    }
}

/// F-15: the window of one level after a trigger at `at`.
///
/// # Errors
/// [`DayError::OutOfRange`].
// Rule: GEN-02
pub fn return_visit_window(
    span: ReturnSpan,
    at: UnixMillis,
    zone: &Zone,
    calendar: &Calendar,
) -> Result<ReturnBounds, DayError> {
    let day = zone.day_of(at)?;
    let (opens, closes) = match span {
        ReturnSpan::Hours(hours) => {
            return Ok(ReturnBounds::Instants { opens: at, closes: plus_hours(at, hours) });
        }
        ReturnSpan::Days { from, to } => (plus_days(day, from)?, plus_days(day, to)?),
        ReturnSpan::WorkingDays(count) => (day, calendar.working_days_after(day, count)?),
        ReturnSpan::Months(months) => (day, plus_months(day, months)?),
    };
    Ok(ReturnBounds::Days { opens, closes })
}

/// Weekdays without work in the worked examples of F-15.
const EXAMPLE_HOLIDAYS: [&str; 3] = ["2025-05-01", "2025-05-02", "2025-05-05"];

/// Weekend days with work in the worked examples.
const EXAMPLE_MAKE_UP_DAYS: [&str; 1] = ["2025-04-27"];

/// The calendar of the worked examples, with further holidays.
///
/// # Errors
/// [`DayError`] if one is no day.
pub(super) fn example_calendar(more_holidays: &[&str]) -> Result<Calendar, DayError> {
    let days = |texts: &[&str]| texts.iter().map(|text| parse_day(text)).collect::<Result<Vec<_>, _>>();
    let (holidays, more) = (days(&EXAMPLE_HOLIDAYS)?, days(more_holidays)?);
    Calendar::new(holidays.into_iter().chain(more), days(&EXAMPLE_MAKE_UP_DAYS)?)
}

pub(super) fn run_return_visit_windows(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let trigger: ReturnTrigger = input.get("trigger")?.code()?;
    let (place, zone) = (input.get("at")?, Zone::default());
    let at = place.instant()?;
    let calendar = input.calendar()?.map_or_else(|| input.exists(example_calendar(&[])), Ok)?;
    let shown = |norm: ReturnNorm| {
        let (opens, closes) = match place.exists(return_visit_window(norm.span, at, &zone, &calendar))? {
            ReturnBounds::Days { opens, closes } => (opens.to_string(), closes.to_string()),
            ReturnBounds::Instants { opens, closes } => (show_instant(opens), show_instant(closes)),
        };
        Ok(json!({ "level": norm.level.code(), "opens": opens, "closes": closes }))
    };
    let windows = trigger.norms().into_iter().map(shown).collect::<Result<Vec<_>, FormulaError>>()?;
    Ok(json!({ "windows": windows }))
}
