//! F-13, F-14, F-36: targets of a retention centre.

use serde_json::{Value, json};

use super::FormulaError;
use super::codes::coded;
use super::input::{Input, show};
use super::share::{RATIO_DIGITS, SCORE_DIGITS};
use crate::decimal::{Decimal, DecimalError};
use crate::fraction::Fraction;
use crate::plan::PolicyRow;
use crate::policy::keys;

coded! {
    /// How "down 3 % year on year" is read (RET-29).
    pub enum ReductionReading {
        /// Percentage points, the default.
        Points = "points",
        /// Per cent of the previous rate.
        Relative = "relative",
    }
}

/// Result of F-13.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChurnReduction {
    /// The reduction, four decimals; negative if churn grew.
    pub reduction: Decimal,
    /// Whether it reaches the target, judged on the exact value.
    pub met: bool,
}

/// F-13: how far the churn rate fell; `None` if it is read relative to a previous rate of zero (GEN-07).
///
/// # Errors
/// [`DecimalError::Overflow`].
pub fn churn_reduction(
    reading: ReductionReading,
    previous: Decimal,
    current: Decimal,
    target: Decimal,
) -> Result<Option<ChurnReduction>, DecimalError> {
    let points = Fraction::from(previous.minus(current)?);
    let exact = match reading {
        ReductionReading::Points => points,
        ReductionReading::Relative if previous == Decimal::ZERO => return Ok(None),
        ReductionReading::Relative => points.over(previous.into())?,
    };
    let met = exact.is_at_least(target.into())?;
    Ok(Some(ChurnReduction { reduction: exact.rounded(RATIO_DIGITS)?, met }))
}

pub(super) fn run_churn_reduction(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let reading = input.get("reading")?.code()?;
    let (previous, current) = (input.get("previous_rate")?.share()?, input.get("current_rate")?.share()?);
    let reduction = input.fits(churn_reduction(reading, previous, current, input.get("target")?.share()?))?;
    Ok(json!({
        "reduction": show(reduction.map(|found| found.reduction)),
        "met": reduction.map(|found| found.met),
    }))
}

/// How an indicator developed against its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// Value before.
    pub before: u64,
    /// Value after.
    pub after: u64,
    /// Rate that counts as full attainment.
    pub target: Decimal,
}

impl Growth {
    /// `(after − before) ÷ before` (RET-31); `None` without a value before.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`].
    fn rate(&self) -> Result<Option<Fraction>, DecimalError> {
        match Fraction::new(i128::from(self.after) - i128::from(self.before), self.before.into()) {
            Err(DecimalError::ZeroDivisor) => Ok(None),
            rate => rate.map(Some),
        }
    }

    /// Hundredths of the target reached, at most 100; `None` without a rate or with a target of zero.
    fn attainment(&self) -> Result<Option<Fraction>, DecimalError> {
        let Some(rate) = self.rate()? else { return Ok(None) };
        if self.target == Decimal::ZERO {
            return Ok(None);
        }
        let full = Fraction::from(Decimal::from_int(MAX_ATTAINMENT));
        let reached = rate.over(self.target.into())?.times(full)?;
        Ok(Some(if reached.is_at_least(full)? { full } else { reached }))
    }
}

/// Greatest attainment of an indicator in points.
///
/// # Source
/// F-14.
pub const MAX_ATTAINMENT: i64 = 100;

/// Weights of the two indicators of a retention supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupervisorWeights {
    /// Power-on increase rate.
    pub power_on: Decimal,
    /// Retained revenue increase rate.
    pub revenue: Decimal,
}

impl SupervisorWeights {
    /// The weights of a policy.
    ///
    /// # Source
    /// RET-30.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        let revenue = policy.get(keys::SUPERVISOR_REVENUE_WEIGHT);
        Self { power_on: policy.get(keys::SUPERVISOR_POWER_ON_WEIGHT), revenue }
    }
}

impl Default for SupervisorWeights {
    fn default() -> Self {
        Self::of(&PolicyRow::default())
    }
}

/// Result of F-14; a part is `None` where its denominator is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupervisorScore {
    /// Power-on increase rate, four decimals.
    pub power_on_rate: Option<Decimal>,
    /// Retained revenue increase rate, four decimals.
    pub revenue_rate: Option<Decimal>,
    /// Score, two decimals; below zero if an indicator fell.
    pub score: Option<Decimal>,
}

/// F-14: the score of a retention supervisor, rounded once from exact attainments.
///
/// # Errors
/// [`DecimalError::Overflow`].
pub fn retention_supervisor_score(
    power_on: &Growth,
    revenue: &Growth,
    weights: &SupervisorWeights,
) -> Result<SupervisorScore, DecimalError> {
    let shown = |growth: &Growth| growth.rate()?.map(|rate| rate.rounded(RATIO_DIGITS)).transpose();
    let score = match (power_on.attainment()?, revenue.attainment()?) {
        (Some(power_on), Some(revenue)) => {
            let sum = power_on.times(weights.power_on.into())?.plus(revenue.times(weights.revenue.into())?)?;
            Some(sum.rounded(SCORE_DIGITS)?)
        }
        _ => None,
    };
    Ok(SupervisorScore { power_on_rate: shown(power_on)?, revenue_rate: shown(revenue)?, score })
}

pub(super) fn run_retention_supervisor_score(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let growth = |indicator: &str| {
        let read = |suffix: &str| input.get(&format!("{indicator}_{suffix}"));
        let (before, after) = (read("before")?.count()?, read("after")?.count()?);
        Ok::<_, FormulaError>(Growth { before, after, target: read("target")?.amount()? })
    };
    let (power_on, revenue) = (growth("power_on")?, growth("revenue")?);
    let score = input.fits(retention_supervisor_score(&power_on, &revenue, &SupervisorWeights::default()))?;
    Ok(json!({
        "power_on_rate": show(score.power_on_rate),
        "revenue_rate": show(score.revenue_rate),
        "score": show(score.score),
    }))
}

/// Least activity of a day by role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyMinimum {
    /// Customer exchanges of an agent.
    pub agent_exchanges: u64,
    /// Minutes of a shift lead on the floor.
    pub lead_floor_minutes: u64,
    /// Recorded exchanges of a shift lead.
    pub lead_exchanges: u64,
    /// Minutes in which a centre head reviews retention records.
    pub head_review_minutes: u64,
}

impl DailyMinimum {
    /// The minima of a policy.
    ///
    /// # Source
    /// RET-24, RET-25, RET-26.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        Self {
            agent_exchanges: policy.count(keys::AGENT_EXCHANGES),
            lead_floor_minutes: policy.count(keys::LEAD_FLOOR),
            lead_exchanges: policy.count(keys::LEAD_EXCHANGES),
            head_review_minutes: policy.count(keys::HEAD_REVIEW),
        }
    }
}

impl Default for DailyMinimum {
    fn default() -> Self {
        Self::of(&PolicyRow::default())
    }
}

/// What somebody of a retention centre did in a day, as far as the role asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DailyActivity {
    /// An agent's customer exchanges.
    Agent {
        /// Exchanges with customers.
        exchanges: u64,
    },
    /// A shift lead's presence and exchanges.
    ShiftLead {
        /// Minutes on the floor.
        floor_minutes: u64,
        /// Recorded exchanges.
        exchanges: u64,
    },
    /// A centre head's reviews.
    CentreHead {
        /// Minutes of review.
        review_minutes: u64,
    },
}

/// F-36: whether a day's activity reaches what its role owes.
#[must_use]
pub const fn daily_activity(done: DailyActivity, minimum: &DailyMinimum) -> bool {
    match done {
        DailyActivity::Agent { exchanges } => exchanges >= minimum.agent_exchanges,
        DailyActivity::ShiftLead { floor_minutes, exchanges } => {
            floor_minutes >= minimum.lead_floor_minutes && exchanges >= minimum.lead_exchanges
        }
        DailyActivity::CentreHead { review_minutes } => review_minutes >= minimum.head_review_minutes,
    }
}

coded! {
    /// Role in a retention centre.
    pub enum ActivityRole {
        /// Agent.
        Agent = "agent",
        /// Shift lead.
        ShiftLead = "shift_lead",
        /// Head of the centre.
        CentreHead = "centre_head",
    }
}

/// Minutes of a day.
const DAY_MINUTES: u64 = 24 * 60;

pub(super) fn run_daily_activity(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let count = |name: &str| input.get(name)?.count();
    let minutes = |name: &str| match count(name)? {
        minutes if minutes > DAY_MINUTES => Err(input.wrong_at(name, "a day has 1440 minutes")),
        minutes => Ok(minutes),
    };
    let done = match input.get("role")?.code()? {
        ActivityRole::Agent => DailyActivity::Agent { exchanges: count("exchanges")? },
        ActivityRole::ShiftLead => {
            DailyActivity::ShiftLead { floor_minutes: minutes("floor_minutes")?, exchanges: count("exchanges")? }
        }
        ActivityRole::CentreHead => DailyActivity::CentreHead { review_minutes: minutes("review_minutes")? },
    };
    Ok(json!({ "compliant": daily_activity(done, &DailyMinimum::default()) }))
}
