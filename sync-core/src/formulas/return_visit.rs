//! F-16 to F-19: how many return visits, how often, with what success.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::FormulaError;
use super::codes::coded;
use super::input::{Input, show};
use super::return_window::ReturnTrigger;
use super::share::{part_and_whole, share};
use crate::calendar::{DayError, Period};
use crate::plan::PolicyRow;
use crate::policy::keys;

/// F-16: how many customers of a stratum to visit: one in so many, rounded up, at least one; none of an empty one.
#[must_use]
pub const fn sample_of_stratum(customers: u64, one_in: u64) -> u64 {
    // Rounding up gives at least one of any customers.
    customers.div_ceil(if one_in == 0 { 1 } else { one_in })
}

/// A sample over all strata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Customers to visit of each stratum, in the order given.
    pub per_stratum: Vec<u64>,
    /// All customers to visit.
    pub sample: u64,
    /// The least that the share asks of all customers together; the sample is never below.
    pub minimum: u64,
}

/// F-16: the sample of all strata; `None` if the customers do not fit 64 bits.
#[must_use]
pub fn sampling(strata: &[u64], one_in: u64) -> Option<Sample> {
    let total = strata.iter().try_fold(0u64, |sum, customers| sum.checked_add(*customers))?;
    let per_stratum: Vec<u64> = strata.iter().map(|customers| sample_of_stratum(*customers, one_in)).collect();
    let minimum = sample_of_stratum(total, one_in);
    let sample = per_stratum.iter().try_fold(0u64, |sum, visits| sum.checked_add(*visits))?;
    Some(Sample { per_stratum, sample: sample.max(minimum), minimum })
}

pub(super) fn run_sampling(input: &Value) -> Result<Value, FormulaError> {
    let strata = Input::root(input).get("strata")?;
    let members = strata.members()?;
    let counts = members.iter().map(|(_, customers)| customers.count()).collect::<Result<Vec<_>, _>>()?;
    let one_in = PolicyRow::default().count(keys::SAMPLE_ONE_IN);
    let sample = sampling(&counts, one_in).ok_or_else(|| strata.wrong("holds too many customers"))?;
    let names = members.iter().map(|(name, _)| (*name).to_owned());
    let per_stratum: Map<_, _> = names.zip(sample.per_stratum.into_iter().map(Value::from)).collect();
    Ok(json!({ "per_stratum": per_stratum, "sample": sample.sample, "minimum": sample.minimum }))
}

coded! {
    /// Kind of a return visit (rulebook 7.3).
    pub enum ReturnVisitKind {
        /// After an account was opened.
        Opening = "opening",
        /// Periodic.
        Periodic = "periodic",
        /// After an anomaly; outside the cap.
        Anomaly = "anomaly",
        /// Special; outside the cap.
        Special = "special",
        /// After an installation.
        PostInstall = "post_install",
        /// After a delivery.
        PostDelivery = "post_delivery",
        /// After a sale.
        PostSale = "post_sale",
        /// After service.
        PostService = "post_service",
        /// After a complaint.
        Complaint = "complaint",
    }
}

impl ReturnVisitKind {
    /// The kind of the visit that a trigger makes due; none for a VIP who joined, whom no return visit serves.
    ///
    /// # Source
    /// Rulebook 7.3, 7.4.
    #[must_use]
    pub const fn after(trigger: ReturnTrigger) -> Option<Self> {
        Some(match trigger {
            ReturnTrigger::Sale => Self::PostSale,
            ReturnTrigger::ServiceDone => Self::PostService,
            ReturnTrigger::Complaint => Self::Complaint,
            ReturnTrigger::Delivery => Self::PostDelivery,
            ReturnTrigger::InstallDone => Self::PostInstall,
            ReturnTrigger::AccountOpening => Self::Opening,
            ReturnTrigger::VipJoined => return None,
        })
    }
}

impl ReturnVisitKind {
    /// The kind of the visit that an order with this trigger asks for: one that a trigger makes due, or one that nothing
    /// but the calendar or the office asks for, which the order names itself.
    #[must_use]
    pub fn of_order(trigger: &str) -> Option<Self> {
        ReturnTrigger::from_code(trigger).and_then(Self::after).or_else(|| Self::from_code(trigger))
    }
}

/// Kinds that do not count towards the cap.
///
/// # Source
/// RTV-15.
pub const CAP_EXEMPT: [ReturnVisitKind; 2] = [ReturnVisitKind::Anomaly, ReturnVisitKind::Special];

/// Result of F-17.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapVerdict {
    /// Visits of the quarter that count.
    pub counted: usize,
    /// Whether the next visit may be made.
    pub allowed: bool,
    /// Whether the next visit counts and finds the cap used up, be it mandatory or not.
    pub over_cap: bool,
}

/// F-17: whether another return visit fits into the quarter, which takes `cap` of them over all levels and kinds that
/// count (RTV-15).
///
/// Mandatory visits (RTV-06 to RTV-13) run and are flagged (RTV-23); kinds that do not count, `exempt`, are neither
/// stopped nor flagged.
#[must_use]
pub fn quarter_cap(
    done: &[ReturnVisitKind],
    next: ReturnVisitKind,
    mandatory: bool,
    cap: usize,
    exempt: &[ReturnVisitKind],
) -> CapVerdict {
    let counted = done.iter().filter(|kind| !exempt.contains(kind)).count();
    let over_cap = !exempt.contains(&next) && counted >= cap;
    CapVerdict { counted, allowed: mandatory || !over_cap, over_cap }
}

pub(super) fn run_quarter_cap(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let done = input.get("done_kinds")?.items()?.iter().map(Input::code).collect::<Result<Vec<_>, _>>()?;
    let cap = usize::try_from(PolicyRow::default().get(keys::QUARTER_CAP)).unwrap_or(0);
    let (next, mandatory) = (input.get("next_kind")?.code()?, input.get("mandatory")?.boolean()?);
    let verdict = quarter_cap(&done, next, mandatory, cap, &CAP_EXEMPT);
    Ok(json!({ "counted": verdict.counted, "allowed": verdict.allowed, "over_cap": verdict.over_cap }))
}

coded! {
    /// Value of a customer, which sets how often at least the customer is visited (RTV-19).
    pub enum CustomerValue {
        /// Once a quarter.
        High = "high",
        /// Once a half-year.
        Medium = "medium",
        /// Once a year.
        Low = "low",
    }
}

impl CustomerValue {
    /// In which period one visit is due.
    ///
    /// # Source
    /// RTV-19.
    #[must_use]
    pub fn period(self, policy: &PolicyRow) -> Period {
        let key = match self {
            Self::High => keys::VISIT_PERIOD_HIGH,
            Self::Medium => keys::VISIT_PERIOD_MEDIUM,
            Self::Low => keys::VISIT_PERIOD_LOW,
        };
        match policy.get(key) {
            "month" => Period::Month,
            "quarter" => Period::Quarter,
            "half_year" => Period::HalfYear,
            _ => Period::Year,
        }
    }
}

/// Result of F-18.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frequency {
    /// Last day of the current period.
    pub period_end: Date,
    /// Whether a visit is still due in it.
    pub due: bool,
}

/// F-18: whether the visit of the current period is still to be made.
///
/// # Errors
/// [`DayError::OutOfRange`].
pub fn minimum_frequency(period: Period, today: Date, last_visit: Option<Date>) -> Result<Frequency, DayError> {
    let (first, period_end) = (period.first_day(today)?, period.last_day(today)?);
    let visited = last_visit.is_some_and(|visit| first <= visit && visit <= period_end);
    Ok(Frequency { period_end, due: !visited })
}

pub(super) fn run_minimum_frequency(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let value: CustomerValue = input.get("value")?.code()?;
    let today = input.get("today")?;
    let day = today.date()?;
    let last_visit = input.find("last_visit")?.map(|visit| match visit.date()? {
        last if last > day => Err(visit.wrong("lies after today")),
        last => Ok(last),
    });
    let period = value.period(&PolicyRow::default());
    let frequency = today.exists(minimum_frequency(period, day, last_visit.transpose()?))?;
    Ok(json!({ "period_end": frequency.period_end.to_string(), "due": frequency.due }))
}

pub(super) fn run_return_visit_rates(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    // More may be visited than was due: a sample is a minimum (RTV-04).
    let (due, visited) = (input.get("due")?.count()?, input.get("visited")?.count()?);
    let rate = |part: &str, whole: &str| {
        let (part, whole) = part_and_whole(&input, part, whole)?;
        Ok::<_, FormulaError>(show(share(part, whole)))
    };
    Ok(json!({
        "visit_rate": show(share(visited, due)),
        "success_rate": rate("successful", "visited")?,
        "recovery_rate": rate("returned_forms", "sent_forms")?,
        "solve_rate": rate("solved", "problems")?,
    }))
}
