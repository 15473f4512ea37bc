//! F-20 to F-23: scores by deduction, grades, the year, dealers.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::FormulaError;
use super::codes::coded;
use super::input::{Input, show};
use super::share::SCORE_DIGITS;
use crate::decimal::{Decimal, DecimalError};
use crate::fraction::Fraction;
use crate::plan::PolicyRow;
use crate::policy::keys;

/// Most bonus points of a score.
///
/// # Source
/// KPI-01.
pub const MAX_BONUS: i64 = keys::MAX_BONUS.kind.default;

/// An item of an assessment with the occurrences counted against it.
///
/// # Units
/// Points.
/// # Source
/// KPI-04, KPI-05; the source leaves the values blank (GAP-21), so that each comes from the scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeductionItem {
    /// Points without any occurrence.
    pub max: Decimal,
    /// Points that an occurrence costs.
    pub per_event: Decimal,
    /// Occurrences above which the item scores zero.
    pub cap_events: u64,
    /// Occurrences.
    pub events: u64,
}

impl DeductionItem {
    /// Points that are left, never below zero (KPI-05).
    ///
    /// # Errors
    /// [`DecimalError::Overflow`].
    pub fn points(&self) -> Result<Decimal, DecimalError> {
        if self.events > self.cap_events {
            return Ok(Decimal::ZERO);
        }
        let lost = self.per_event.times(Decimal::whole(self.events.into()))?;
        Ok(self.max.minus(lost)?.max(Decimal::ZERO))
    }
}

/// F-20: the sum of the items' points and of the bonus, which is capped.
///
/// # Errors
/// [`DecimalError::Overflow`].
pub fn deduction_score(items: &[DeductionItem], bonus: Decimal, max_bonus: i64) -> Result<Decimal, DecimalError> {
    let bonus = bonus.min(Decimal::from_int(max_bonus));
    let sum = items.iter().try_fold(bonus, |sum, item| sum.plus(item.points()?))?;
    sum.rounded(SCORE_DIGITS)
}

pub(super) fn run_deduction_score(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let list = input.get("items")?;
    let (mut items, mut shown, mut seen) = (Vec::new(), Map::new(), BTreeSet::new());
    for place in list.items()? {
        let code = place.name_once("code", &mut seen)?;
        let item = DeductionItem {
            max: place.get("max")?.amount()?,
            per_event: place.get("per_event")?.amount()?,
            cap_events: place.get("cap_events")?.count()?,
            events: place.get("events")?.count()?,
        };
        let points = place.fits(item.points().and_then(|points| points.rounded(SCORE_DIGITS)))?;
        shown.insert(code.to_owned(), points.to_string().into());
        items.push(item);
    }
    let score = list.fits(deduction_score(&items, input.get("bonus")?.amount()?, MAX_BONUS))?;
    Ok(json!({ "items": shown, "score": score.to_string() }))
}

coded! {
    /// Grade of a score (KPI-07).
    pub enum Grade {
        /// Excellent.
        A = "A",
        /// Good.
        B = "B",
        /// Medium.
        C = "C",
        /// Passable.
        D = "D",
        /// Poor.
        E = "E",
    }
}

/// What a score must exceed for a grade; a bound itself belongs to the grade below.
///
/// # Units
/// Points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GradeBounds {
    /// Grade A.
    pub above_a: i64,
    /// Grade B.
    pub above_b: i64,
    /// Grade C.
    pub above_c: i64,
    /// Grade D.
    pub above_d: i64,
}

impl GradeBounds {
    /// The bounds of a policy.
    ///
    /// # Source
    /// KPI-07.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        Self {
            above_a: policy.get(keys::GRADE_A_ABOVE),
            above_b: policy.get(keys::GRADE_B_ABOVE),
            above_c: policy.get(keys::GRADE_C_ABOVE),
            above_d: policy.get(keys::GRADE_D_ABOVE),
        }
    }
}

impl Default for GradeBounds {
    fn default() -> Self {
        Self::of(&PolicyRow::default())
    }
}

/// F-21: the grade of a score, taken from the score rounded to two decimals (GEN-06).
///
/// # Errors
/// [`DecimalError::Overflow`].
pub fn grade(score: Decimal, bounds: &GradeBounds) -> Result<Grade, DecimalError> {
    let score = score.rounded(SCORE_DIGITS)?;
    let above = |bound: i64| score > Decimal::from_int(bound);
    Ok(match () {
        () if above(bounds.above_a) => Grade::A,
        () if above(bounds.above_b) => Grade::B,
        () if above(bounds.above_c) => Grade::C,
        () if above(bounds.above_d) => Grade::D,
        () => Grade::E,
    })
}

pub(super) fn run_grade(input: &Value) -> Result<Value, FormulaError> {
    let place = Input::root(input).get("score")?;
    let grade = place.fits(grade(place.score_with_bonus()?, &GradeBounds::default()))?;
    Ok(json!({ "grade": grade.code() }))
}

/// Weights of a mean of two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoWeights {
    /// First part.
    pub first: Decimal,
    /// Second part.
    pub second: Decimal,
}

impl TwoWeights {
    /// Quarters and year end.
    ///
    /// # Source
    /// KPI-03.
    pub const YEAR: Self =
        Self { first: keys::YEAR_QUARTERS_WEIGHT.kind.default, second: keys::YEAR_END_WEIGHT.kind.default };

    /// Visits after a sale and visits after service.
    ///
    /// # Source
    /// KPI-10; the second is lost in the source (GAP-22).
    pub const DEALER: Self =
        Self { first: keys::DEALER_SALE_WEIGHT.kind.default, second: keys::DEALER_SERVICE_WEIGHT.kind.default };

    /// As [`TwoWeights::YEAR`], of a policy.
    #[must_use]
    pub fn year_of(policy: &PolicyRow) -> Self {
        Self { first: policy.get(keys::YEAR_QUARTERS_WEIGHT), second: policy.get(keys::YEAR_END_WEIGHT) }
    }

    /// As [`TwoWeights::DEALER`], of a policy.
    #[must_use]
    pub fn dealer_of(policy: &PolicyRow) -> Self {
        Self { first: policy.get(keys::DEALER_SALE_WEIGHT), second: policy.get(keys::DEALER_SERVICE_WEIGHT) }
    }

    /// The weighted mean of the means of two parts, two decimals, rounded once; `None` if a part is empty (GEN-07).
    ///
    /// # Errors
    /// [`DecimalError::Overflow`].
    fn of_means(&self, first: &[Decimal], second: &[Decimal]) -> Result<Option<Decimal>, DecimalError> {
        let (Some(first), Some(second)) = (Fraction::mean(first)?, Fraction::mean(second)?) else {
            return Ok(None);
        };
        let sum = first.times(self.first.into())?.plus(second.times(self.second.into())?)?;
        sum.rounded(SCORE_DIGITS).map(Some)
    }
}

/// F-22: the score of a year from those of its quarters and of its end, two decimals; `None` without a quarter.
///
/// # Errors
/// [`DecimalError::Overflow`].
pub fn annual_score(
    quarters: &[Decimal],
    year_end: Decimal,
    weights: &TwoWeights,
) -> Result<Option<Decimal>, DecimalError> {
    weights.of_means(quarters, &[year_end])
}

/// Quarters of a year.
const QUARTERS: usize = 4;

pub(super) fn run_annual_score(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let list = input.get("quarters")?;
    let quarters = list.items()?.iter().map(Input::score_with_bonus).collect::<Result<Vec<_>, _>>()?;
    if quarters.len() > QUARTERS {
        return Err(list.wrong("a year has four quarters"));
    }
    let year_end = input.get("year_end")?.score_with_bonus()?;
    let score = input.fits(annual_score(&quarters, year_end, &TwoWeights::YEAR))?;
    let grade = score.map(|score| grade(score, &GradeBounds::default())).transpose();
    Ok(json!({ "score": show(score), "grade": input.fits(grade)?.map(Grade::code) }))
}

/// F-23: how satisfied a dealer's customers are, two decimals; `None` if either kind of visit has no score.
///
/// # Errors
/// [`DecimalError::Overflow`].
pub fn dealer_satisfaction(
    after_sale: &[Decimal],
    after_service: &[Decimal],
    weights: &TwoWeights,
) -> Result<Option<Decimal>, DecimalError> {
    weights.of_means(after_sale, after_service)
}

pub(super) fn run_dealer_satisfaction(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let scores = |name: &str| input.get(name)?.items()?.iter().map(Input::score).collect::<Result<Vec<_>, _>>();
    let (after_sale, after_service) = (scores("after_sale")?, scores("after_service")?);
    let score = input.fits(dealer_satisfaction(&after_sale, &after_service, &TwoWeights::DEALER))?;
    Ok(json!({ "score": show(score) }))
}
