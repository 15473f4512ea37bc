//! F-26 to F-29: interests of a customer, capacity of an area, interviews of a day.

use serde_json::{Map, Value, json};

use super::FormulaError;
use super::codes::{Coded as _, coded};
use super::input::{Input, part_of, show};
use super::share::{SCORE_DIGITS, share};
use crate::decimal::{Decimal, DecimalError};
use crate::fraction::Fraction;
use crate::plan::PolicyRow;
use crate::policy::keys;

coded! {
    /// Interest of a customer in our service (SUR-01).
    pub enum Interest {
        /// Functional.
        Functional = "functional",
        /// Relationship.
        Relationship = "relationship",
        /// Process.
        Process = "process",
    }
}

/// Scores of one interest from the three sources of the merge sheet.
///
/// # Units
/// Points from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterestSources {
    /// Needs survey.
    pub needs: Decimal,
    /// Market intelligence.
    pub market: Decimal,
    /// Internal data.
    pub internal: Decimal,
}

/// Weights of the sources; they add up to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceWeights {
    /// Needs survey.
    pub needs: Decimal,
    /// Market intelligence.
    pub market: Decimal,
    /// Internal data.
    pub internal: Decimal,
}

impl SourceWeights {
    /// The weights of a policy.
    ///
    /// # Source
    /// SUR-19.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        Self {
            needs: policy.get(keys::SURVEY_NEEDS_WEIGHT),
            market: policy.get(keys::SURVEY_MARKET_WEIGHT),
            internal: policy.get(keys::SURVEY_INTERNAL_WEIGHT),
        }
    }
}

impl Default for SourceWeights {
    fn default() -> Self {
        Self::of(&PolicyRow::default())
    }
}

impl SourceWeights {
    /// Whether no weight is negative and they add up to exactly one.
    #[must_use]
    pub fn are_whole(&self) -> bool {
        let sum = self.needs.plus(self.market).and_then(|sum| sum.plus(self.internal));
        let is_negative = |weight: &Decimal| *weight < Decimal::ZERO;
        sum == Ok(Decimal::from_int(1)) && ![self.needs, self.market, self.internal].iter().any(is_negative)
    }
}

/// Least total of an interest that counts.
///
/// # Units
/// Points.
/// # Source
/// SUR-21.
pub const INTEREST_THRESHOLD: i64 = keys::INTEREST_COUNTS.kind.default;

/// Result of F-26 for one interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergedInterest {
    /// The total, two decimals.
    pub total: Decimal,
    /// Whether it reaches the threshold, judged on the exact total.
    pub counted: bool,
}

/// F-26: merges the three sources of an interest.
///
/// # Errors
/// [`DecimalError::Overflow`].
pub fn survey_merge(
    sources: &InterestSources,
    weights: &SourceWeights,
    threshold: Decimal,
) -> Result<MergedInterest, DecimalError> {
    let (needs, market) = (sources.needs.times(weights.needs)?, sources.market.times(weights.market)?);
    let total = needs.plus(market)?.plus(sources.internal.times(weights.internal)?)?;
    Ok(MergedInterest { total: total.rounded(SCORE_DIGITS)?, counted: total >= threshold })
}

pub(super) fn run_survey_merge(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let threshold = input.get("threshold")?.score()?;
    let mut interests = input.get("interests")?.coded_members::<Interest>()?;
    interests.sort_unstable_by_key(|(interest, _)| *interest);
    let (mut totals, mut counted) = (Map::new(), Vec::new());
    for (interest, place) in interests {
        let sources = InterestSources {
            needs: place.get("needs")?.score()?,
            market: place.get("market")?.score()?,
            internal: place.get("internal")?.score()?,
        };
        let merged = place.fits(survey_merge(&sources, &SourceWeights::default(), threshold))?;
        totals.insert(interest.code().to_owned(), merged.total.to_string().into());
        if merged.counted {
            counted.push(interest.code());
        }
    }
    Ok(json!({ "totals": totals, "counted": counted }))
}

/// Questions of each interest.
///
/// # Source
/// SUR-09.
pub const QUESTIONS_OF_INTEREST: usize = 3;

/// Least and greatest answer of the questionnaire.
///
/// # Source
/// SUR-21.
pub const ANSWERS: std::ops::RangeInclusive<u64> = 1..=5;

/// F-27: the score of an interest, from 0 to 100 with two decimals; `None` without an answer.
///
/// # Errors
/// [`DecimalError::Overflow`].
pub fn survey_interest_score(answers: &[u64]) -> Result<Option<Decimal>, DecimalError> {
    let answers: Vec<_> = answers.iter().map(|answer| Decimal::whole((*answer).into())).collect();
    let Some(mean) = Fraction::mean(&answers)? else { return Ok(None) };
    let whole = |value: u64| Fraction::from(Decimal::whole(value.into()));
    let (least, greatest) = (whole(*ANSWERS.start()), whole(*ANSWERS.end()));
    let reached = mean.minus(least)?.over(greatest.minus(least)?)?;
    reached.times(whole(100))?.rounded(SCORE_DIGITS).map(Some)
}

pub(super) fn run_survey_interest_score(input: &Value) -> Result<Value, FormulaError> {
    let list = Input::root(input).get("q")?;
    let answer = |place: &Input<'_>| match place.count()? {
        answer if ANSWERS.contains(&answer) => Ok(answer),
        _ => Err(place.wrong("expected an answer from 1 to 5")),
    };
    let answers = list.items()?.iter().map(answer).collect::<Result<Vec<_>, _>>()?;
    if answers.len() != QUESTIONS_OF_INTEREST * Interest::ALL.len() {
        return Err(list.wrong("expected nine answers, three of each interest"));
    }
    let mut scores = Map::new();
    for (interest, answers) in Interest::ALL.iter().zip(answers.chunks(QUESTIONS_OF_INTEREST)) {
        let score = list.fits(survey_interest_score(answers))?;
        scores.insert(interest.code().to_owned(), show(score));
    }
    Ok(Value::Object(scores))
}

/// Homes of one building.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Building {
    /// Homes.
    pub units: u64,
    /// Share of them that is lived in.
    pub occupancy: Decimal,
    /// Mean persons of a household.
    pub household: Decimal,
}

impl Building {
    /// Persons who live there, exact.
    fn residents(&self) -> Result<Fraction, DecimalError> {
        let homes = Fraction::from(Decimal::whole(self.units.into())).times(self.occupancy.into())?;
        homes.times(self.household.into())
    }
}

/// Result of F-28.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AreaCapacity {
    /// Residents, rounded to whole persons.
    pub resident: Decimal,
    /// Share of a store's visitors who buy, four decimals; `None` without visitors.
    pub rate: Option<Decimal>,
    /// Consumers of the area, rounded once from exact numbers; `None` without visitors.
    pub capacity: Option<Decimal>,
}

/// F-28: how many consumers an area holds (SUR-12, SUR-13).
///
/// # Errors
/// [`DecimalError::Overflow`].
pub fn area_capacity(
    buildings: &[Building],
    floating: u64,
    buyers: u64,
    visitors: u64,
) -> Result<AreaCapacity, DecimalError> {
    let resident = buildings.iter().try_fold(Fraction::ZERO, |sum, building| sum.plus(building.residents()?))?;
    let capacity = match Fraction::new(buyers.into(), visitors.into()) {
        Err(DecimalError::ZeroDivisor) => None,
        rate => {
            let population = resident.plus(Fraction::from(Decimal::whole(floating.into())))?;
            Some(population.times(rate?)?.rounded(0)?)
        }
    };
    Ok(AreaCapacity { resident: resident.rounded(0)?, rate: share(buyers, visitors), capacity })
}

pub(super) fn run_area_capacity(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let building = |place: &Input<'_>| {
        let (units, occupancy) = (place.get("units")?.count()?, place.get("occupancy")?.share()?);
        Ok::<_, FormulaError>(Building { units, occupancy, household: place.get("household")?.amount()? })
    };
    let buildings = input.get("buildings")?.items()?.iter().map(building).collect::<Result<Vec<_>, _>>()?;
    let employers = input.get("employers")?;
    let staff = employers.items()?.iter().map(Input::count).collect::<Result<Vec<_>, _>>()?;
    let floating = sum(&employers, staff)?;
    let store = input.get("store")?;
    let (visitors_m, visitors_f) = (store.get("visitors_m")?.count()?, store.get("visitors_f")?.count()?);
    let buyers_m = part_of(&store.get("buyers_m")?, visitors_m, "visitors_m")?;
    let buyers_f = part_of(&store.get("buyers_f")?, visitors_f, "visitors_f")?;
    let (buyers, visitors) = (sum(&store, [buyers_m, buyers_f])?, sum(&store, [visitors_m, visitors_f])?);
    let area = input.fits(area_capacity(&buildings, floating, buyers, visitors))?;
    Ok(json!({
        "resident": area.resident.to_string(),
        "floating": floating,
        "rate": show(area.rate),
        "capacity": show(area.capacity),
    }))
}

fn sum(place: &Input<'_>, counts: impl IntoIterator<Item = u64>) -> Result<u64, FormulaError> {
    let sum = counts.into_iter().try_fold(0u64, u64::checked_add);
    sum.ok_or_else(|| place.wrong("adds up to more than fits"))
}

/// Least interviews of a day, and of each price band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterviewMinimum {
    /// All bands together.
    pub day: u64,
    /// Each band.
    pub band: u64,
}

impl InterviewMinimum {
    /// The minima of a policy.
    ///
    /// # Source
    /// SUR-16.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        Self { day: policy.count(keys::INTERVIEWS_OF_DAY), band: policy.count(keys::INTERVIEWS_OF_BAND) }
    }
}

impl Default for InterviewMinimum {
    fn default() -> Self {
        Self::of(&PolicyRow::default())
    }
}

/// Result of F-29.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interviews<'a> {
    /// Interviews of the day; saturates.
    pub total: u64,
    /// Bands with too few interviews, in the order given.
    pub empty_bands: Vec<&'a str>,
    /// Whether the day reaches both minima.
    pub enough: bool,
}

/// F-29: whether a day had enough interviews in every price band.
#[must_use]
pub fn interviews_per_day<'a>(by_band: &[(&'a str, u64)], minimum: &InterviewMinimum) -> Interviews<'a> {
    let total = by_band.iter().fold(0u64, |sum, (_, interviews)| sum.saturating_add(*interviews));
    let empty = by_band.iter().filter(|(_, interviews)| *interviews < minimum.band);
    let empty_bands: Vec<_> = empty.map(|(band, _)| *band).collect();
    let enough = total >= minimum.day && empty_bands.is_empty();
    Interviews { total, empty_bands, enough }
}

/// Bands in the order in which they are shown; others follow by name.
const BANDS: [&str; 3] = ["low", "middle", "high"];

pub(super) fn run_interviews_per_day(input: &Value) -> Result<Value, FormulaError> {
    let bands = Input::root(input).get("interviews_by_band")?;
    let counted = |(band, place): (_, Input<'_>)| Ok::<_, FormulaError>((band, place.count()?));
    let mut by_band = bands.members()?.into_iter().map(counted).collect::<Result<Vec<_>, _>>()?;
    by_band
        .sort_unstable_by_key(|(band, _)| (BANDS.iter().position(|known| known == band).unwrap_or(BANDS.len()), *band));
    sum(&bands, by_band.iter().map(|(_, interviews)| *interviews))?;
    let interviews = interviews_per_day(&by_band, &InterviewMinimum::default());
    Ok(json!({
        "total": interviews.total,
        "enough": interviews.enough,
        "empty_bands": interviews.empty_bands,
    }))
}
