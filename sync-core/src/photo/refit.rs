//! Which limits would have told best what reviewers confirmed from what they dismissed.
//!
//! Owns which number of a finding a limit is compared with, and the choice among limits. It sees only what was found: a
//! limit looser than any by which something was found cannot be judged, and is never proposed.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Evidence, FindingCode};
use super::thresholds::{
    ACCURACY_M, ALL, BRIGHT, BURST_MINUTES, CLOCK_SKEW_MINUTES, DARK_WARN, FAR_M, REUSE_PROBABLE, SHARP_WARN,
    Threshold, WINDOW_MINUTES,
};

/// One finding that a person decided on, with what was found then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// What was found.
    pub code: FindingCode,
    /// What it was worked out from.
    pub evidence: Evidence,
    /// Whether the person said that it is so.
    pub is_confirmed: bool,
}

/// What is asked of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Of the photos that were looked at so many may be told wrongly, in millionths.
    pub most_false_ppm: u32,
    /// A limit with fewer labels stays as it is.
    pub at_least: usize,
}

/// What labels stand for: people decide on a part of what is found among many photos of which nothing is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Population {
    /// How many photos were looked at.
    pub photos: u64,
    /// How many findings nobody decided on, by code.
    pub undecided: BTreeMap<FindingCode, u64>,
}

/// How many labels a limit tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// The limit.
    pub limit: u32,
    /// Confirmed ones that it tells.
    pub confirmed: usize,
    /// Dismissed ones that it tells: false alarms.
    pub dismissed: usize,
}

/// What comes of the labels of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proposal {
    /// There are too few of them.
    TooFew,
    /// None keeps the false alarms under the share.
    Nothing,
    /// The limit stays as it is.
    Stays,
    /// Another one tells better.
    Change(Score),
}

/// The labels of one limit, and what comes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// Which limit.
    pub threshold: Threshold,
    /// Labels that were confirmed.
    pub confirmed: usize,
    /// Labels that were dismissed.
    pub dismissed: usize,
    /// What the policy's limit tells of them.
    pub now: Score,
    /// Another limit, if there is a better one.
    pub proposal: Proposal,
}

impl Score {
    /// Of the labels that it tells so many are confirmed, in thousandths; `None` if it tells none.
    #[must_use]
    pub fn precision_permille(&self) -> Option<usize> {
        (self.confirmed * 1000).checked_div(self.confirmed + self.dismissed)
    }

    /// Of all that are confirmed it tells so many, in thousandths; `None` if none is.
    #[must_use]
    pub fn recall_permille(&self, confirmed: usize) -> Option<usize> {
        (self.confirmed * 1000).checked_div(confirmed)
    }
}

/// How a number is compared with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// What is less is told.
    Below,
    /// What is more is told.
    Above,
    /// What is as much or less is told.
    UpTo,
}

/// A limit, and the number in the evidence that is compared with it.
struct Measure {
    threshold: Threshold,
    codes: &'static [FindingCode],
    number: &'static str,
    told: Told,
    /// How many of the number's units make one of the limit's.
    scale: u64,
    /// Whether the limit plays a part in a finding.
    counts: fn(&Evidence) -> bool,
}

impl Measure {
    const fn new(threshold: Threshold, code: &'static [FindingCode], number: &'static str, told: Told) -> Self {
        Self { threshold, codes: code, number, told, scale: 1, counts: |_| true }
    }

    const fn by(mut self, scale: u64) -> Self {
        self.scale = scale;
        self
    }

    const fn among(mut self, counts: fn(&Evidence) -> bool) -> Self {
        self.counts = counts;
        self
    }

    /// The number of a label, if the limit plays a part in it and it says one.
    fn value(&self, label: &Label) -> Option<u64> {
        let is_meant = self.codes.contains(&label.code) && (self.counts)(&label.evidence);
        label.evidence.get(self.number).filter(|_| is_meant)?.as_u64()
    }

    fn is_told(&self, value: u64, limit: u32) -> bool {
        let limit = u64::from(limit) * self.scale;
        match self.told {
            Told::Below => value < limit,
            Told::Above => value > limit,
            Told::UpTo => value <= limit,
        }
    }

    /// The tightest limit that tells a number, and the loosest that does not, as far as they are within bounds.
    fn around(&self, value: u64) -> impl Iterator<Item = u32> {
        let whole = value / self.scale;
        let pair = match self.told {
            Told::Below => [Some(whole), whole.checked_add(1)],
            Told::Above => {
                let least = value.div_ceil(self.scale);
                [least.checked_sub(1), Some(least)]
            }
            Told::UpTo => [whole.checked_sub(1), Some(whole)],
        };
        let bounds = self.threshold.min..=self.threshold.max;
        let limit = move |limit: u64| u32::try_from(limit).ok().filter(|limit| bounds.contains(limit));
        pair.into_iter().flatten().filter_map(limit)
    }

    fn score(&self, values: &[(u64, bool)], limit: u32) -> Score {
        let told = || values.iter().filter(|(value, _)| self.is_told(*value, limit));
        let confirmed = told().filter(|(_, is_confirmed)| *is_confirmed).count();
        Score { limit, confirmed, dismissed: told().count() - confirmed }
    }
}

fn is_at_the_same_site(evidence: &Evidence) -> bool {
    evidence.get("same_site").and_then(serde_json::Value::as_bool).unwrap_or_default()
}

/// A likeness at one site is a hint, however close, and is judged by whether the photos are of one piece of work.
fn is_elsewhere(evidence: &Evidence) -> bool {
    !is_at_the_same_site(evidence)
}

/// Photos of one phone at one site are of one piece of work for a while.
fn may_be_one_work(evidence: &Evidence) -> bool {
    is_at_the_same_site(evidence)
        && evidence.get("same_device").and_then(serde_json::Value::as_bool).unwrap_or_default()
}

/// The limit of a key as a measure; `None` where no finding says the number that it is compared with.
///
/// Limits that tell how much a finding weighs have no measure either: who confirms says that it is so, not how sure it is or
/// that the photo must be taken again. Nor has the limit of weak likenesses, which count with another sign only.
fn measure(threshold: Threshold) -> Option<Measure> {
    use FindingCode as C;
    const REUSED: &[FindingCode] = &[FindingCode::ReusedExact, FindingCode::ReusedSimilar];
    let (hundredths, seconds) = (100, 60);
    let dark = |limit| Measure::new(limit, &[C::TooDark], "mean_luma_c", Told::Below).by(hundredths);
    let sharp = |limit| Measure::new(limit, &[C::Blurred], "sharpness_p90_c", Told::Below).by(hundredths);
    let like = |limit| Measure::new(limit, &[C::ReusedSimilar], "bits", Told::UpTo);
    Some(match threshold {
        SHARP_WARN => sharp(threshold),
        DARK_WARN => dark(threshold),
        BRIGHT => Measure::new(threshold, &[C::OverExposed], "bright_permille", Told::Above),
        REUSE_PROBABLE => like(threshold).among(is_elsewhere),
        BURST_MINUTES => Measure::new(threshold, REUSED, "apart_s", Told::Above).by(seconds).among(may_be_one_work),
        WINDOW_MINUTES => Measure::new(threshold, &[C::OutsideVisitWindow], "past_s", Told::Above).by(seconds),
        FAR_M => Measure::new(threshold, &[C::FarFromSite], "beyond_m", Told::Above),
        ACCURACY_M => Measure::new(threshold, &[C::NoPosition], "acc_m", Told::Above),
        CLOCK_SKEW_MINUTES => Measure::new(threshold, &[C::ClockInconsistent], "by_s", Told::Above).by(seconds),
        _ => return None,
    })
}

/// What comes of labels for every limit that findings say a number for, in the order of [`ALL`].
///
/// A limit is proposed that tells most of what was confirmed among those that keep false alarms under the share; of these
/// the one with the fewest false alarms, and then the one nearest to the policy's. For the share, what nobody decided on is
/// taken to be dismissed as often as what was.
#[must_use]
pub fn fit(labels: &[Label], population: &Population, wish: Wish, parameters: &BTreeMap<String, String>) -> Vec<Fit> {
    let measures = ALL.into_iter().filter_map(measure);
    measures.map(|measure| fit_one(&measure, labels, population, wish, parameters)).collect()
}

fn fit_one(
    measure: &Measure,
    labels: &[Label],
    population: &Population,
    wish: Wish,
    parameters: &BTreeMap<String, String>,
) -> Fit {
    let value = |label: &Label| Some((measure.value(label)?, label.is_confirmed));
    let values: Vec<(u64, bool)> = labels.iter().filter_map(value).collect();
    let now = measure.score(&values, measure.threshold.of(parameters));
    let confirmed = values.iter().filter(|(_, is_confirmed)| *is_confirmed).count();
    let dismissed = values.len() - confirmed;
    let proposal = if values.is_empty() || values.len() < wish.at_least {
        Proposal::TooFew
    } else {
        let decided = labels.iter().filter(|label| measure.codes.contains(&label.code)).count();
        let undecided = measure.codes.iter().filter_map(|code| population.undecided.get(code)).sum();
        let is_few = |score: &Score| is_within(score.dismissed, decided, undecided, population.photos, wish);
        best(measure, &values, now, is_few)
    };
    Fit { threshold: measure.threshold, confirmed, dismissed, now, proposal }
}

fn best(measure: &Measure, values: &[(u64, bool)], now: Score, is_few: impl Fn(&Score) -> bool) -> Proposal {
    let around = values.iter().flat_map(|(value, _)| measure.around(*value));
    let limits: BTreeSet<u32> = around.chain([now.limit]).collect();
    let scores = limits.into_iter().map(|limit| measure.score(values, limit)).filter(is_few);
    let rank = |score: &Score| {
        let away = score.limit.abs_diff(now.limit);
        (score.confirmed, std::cmp::Reverse(score.dismissed), std::cmp::Reverse(away))
    };
    match scores.max_by_key(rank) {
        None => Proposal::Nothing,
        Some(best) if best == now => Proposal::Stays,
        Some(best) => Proposal::Change(best),
    }
}

/// Whether false alarms stay under the share of the photos, as many more as labels stand for.
fn is_within(dismissed: usize, decided: usize, undecided: u64, photos: u64, wish: Wish) -> bool {
    let whole = |count: usize| u128::try_from(count).unwrap_or(u128::MAX);
    let (dismissed, decided) = (whole(dismissed), whole(decided).max(1));
    let found = decided + u128::from(undecided);
    let alarms = dismissed.saturating_mul(found).saturating_mul(1_000_000);
    alarms <= u128::from(wish.most_false_ppm).saturating_mul(u128::from(photos)).saturating_mul(decided)
}

#[cfg(test)]
#[path = "refit_tests.rs"]
mod tests;
