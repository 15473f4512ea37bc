//! Whether the clock that stamped a photo can be believed.
//!
//! Owns what is to be said of one stamp; what stamps prove together is worked out by [`crate::clock`].

use std::collections::BTreeMap;

use super::finding::{Finding, FindingCode, Level, seconds};
use super::thresholds::CLOCK_SKEW_MINUTES;
use crate::clock::Bounds;
use crate::time::Stamp;

/// What is known of the clock beside the stamp of the photo.
#[derive(Debug, Clone, Default)]
pub struct Witnesses<'a> {
    /// Between which instants the photo was taken, by all stamps of the visit.
    pub bounds: Bounds,
    /// Whether the stamps of this boot contradict each other.
    pub is_contradicted: bool,
    /// The other stamps of the same boot by the same person.
    pub same_boot: Vec<&'a Stamp>,
}

/// What is to be said of the clock, by the policy's `clock_skew_minutes`; at most one finding, with the gravest reason.
///
/// `implausible`: no visit took place then. `contradiction`: the stamps of this boot cannot all be true. `not_then`:
/// other stamps prove that it was another time. `set_back`: the clock ran backwards between the photo and another record.
/// `skew`: it was wrong, and the phone knew by how much, so the time counts as corrected.
// Rule: GEN-10
#[must_use]
pub fn finding(stamp: &Stamp, known: &Witnesses<'_>, parameters: &BTreeMap<String, String>) -> Option<Finding> {
    let skew_ms = CLOCK_SKEW_MINUTES.minutes_ms(parameters);
    let said = |reason: &str, level| Some(Finding::new(FindingCode::ClockInconsistent, level).with("reason", reason));
    if !stamp.is_plausible() {
        return said("implausible", Level::Warning);
    }
    if known.is_contradicted {
        return said("contradiction", Level::Warning);
    }
    if let Some(by_ms) = outside(stamp, known.bounds).filter(|by_ms| *by_ms > skew_ms) {
        return Some(by(said("not_then", Level::Warning)?, by_ms));
    }
    let set_back = known.same_boot.iter().filter_map(|other| set_back_ms(stamp, other)).max();
    if let Some(by_ms) = set_back.filter(|by_ms| *by_ms > skew_ms) {
        return Some(by(said("set_back", Level::Warning)?, by_ms));
    }
    let off_ms = stamp.off_ms.map(i64::saturating_abs).filter(|off_ms| *off_ms > skew_ms)?;
    Some(by(said("skew", Level::Hint)?, off_ms))
}

fn by(found: Finding, by_ms: i64) -> Finding {
    found.with("by_min", by_ms / 60_000).with("by_s", seconds(by_ms))
}

/// How far what the phone believed lies outside of what is proven.
fn outside(stamp: &Stamp, bounds: Bounds) -> Option<i64> {
    let believed = stamp.corrected();
    let too_soon = bounds.earliest.map(|earliest| earliest.since_ms(believed));
    let too_late = bounds.latest.map(|latest| believed.since_ms(latest));
    too_soon.max(too_late)
}

/// How far the clock ran back between two stamps of one boot, against its monotonic clock, which may only stand still.
///
/// Stamps of one monotonic instant have no order. A contact between them may have set the clock right; then their
/// offsets say so, and corrected instants are compared.
fn set_back_ms(one: &Stamp, other: &Stamp) -> Option<i64> {
    if one.mono_ms == other.mono_ms || one.off_ms.is_some() != other.off_ms.is_some() {
        return None;
    }
    let (first, next) = if one.mono_ms < other.mono_ms { (one, other) } else { (other, one) };
    let ran = next.mono_ms.saturating_sub(first.mono_ms);
    Some(ran.saturating_sub(next.corrected().since_ms(first.corrected())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMillis;

    const MINUTE_MS: i64 = 60_000;

    /// Noon of a day in 2025, by minutes of the monotonic clock and of the wall clock after.
    fn stamp(mono_min: i64, wall_min: i64, off_ms: Option<i64>) -> Stamp {
        let wall_ms = 1_741_060_800_000 + wall_min * MINUTE_MS;
        Stamp { wall_ms, mono_ms: mono_min * MINUTE_MS, boot_id: "0123ABCD".to_owned(), off_ms, err_ms: None }
    }

    fn said(stamp: &Stamp, known: &Witnesses<'_>) -> Option<(String, Level)> {
        let found = finding(stamp, known, &BTreeMap::new())?;
        Some((found.evidence.get("reason")?.as_str()?.to_owned(), found.level))
    }

    fn warning(reason: &str) -> Option<(String, Level)> {
        Some((reason.to_owned(), Level::Warning))
    }

    #[test]
    fn a_clock_that_agrees_with_everything_is_believed() {
        let (before, after) = (stamp(0, 0, None), stamp(20, 20, None));
        let known = Witnesses { same_boot: vec![&before, &after], ..Witnesses::default() };
        assert_eq!(said(&stamp(10, 10, None), &known), None);
        assert_eq!(said(&stamp(10, 14, None), &known), None, "slept, and woke up at the next stamp");
        assert_eq!(said(&stamp(10, 10, None), &Witnesses::default()), None);
    }

    #[test]
    fn a_clock_that_was_set_back_and_forth_is_told_on_either_side() {
        let (before, after) = (stamp(0, 0, None), stamp(20, 20, None));
        for (known, wall_min) in [(&before, -60), (&after, 80)] {
            let known = Witnesses { same_boot: vec![known], ..Witnesses::default() };
            assert_eq!(said(&stamp(10, wall_min, None), &known), warning("set_back"), "{wall_min}");
        }
        let known = Witnesses { same_boot: vec![&before], ..Witnesses::default() };
        assert_eq!(said(&stamp(10, 5, None), &known), None, "five minutes are allowed");
        assert_eq!(said(&stamp(10, 4, None), &known), warning("set_back"));
        assert_eq!(said(&stamp(0, -60, None), &known), None, "one monotonic instant has no order");
        assert_eq!(said(&stamp(10, -60, Some(0)), &known), None, "a contact came between");
    }

    #[test]
    fn what_other_stamps_prove_counts() {
        let at = stamp(10, 10, None);
        let instant = |minutes: i64| Some(UnixMillis(at.corrected().0 + minutes * MINUTE_MS));
        for (earliest, latest, expected) in [
            (Some(-1), Some(1), None),
            (Some(5), None, None),
            (Some(6), None, warning("not_then")),
            (None, Some(-5), None),
            (None, Some(-6), warning("not_then")),
        ] {
            let bounds = Bounds { earliest: earliest.and_then(instant), latest: latest.and_then(instant) };
            assert_eq!(said(&at, &Witnesses { bounds, ..Witnesses::default() }), expected, "{earliest:?} {latest:?}");
        }
        let known = Witnesses { is_contradicted: true, ..Witnesses::default() };
        assert_eq!(said(&at, &known), warning("contradiction"));
    }

    #[test]
    fn a_skew_that_the_phone_knew_is_a_hint() {
        let off = |off_ms| said(&stamp(10, 10, Some(off_ms)), &Witnesses::default());
        assert_eq!((off(300_000), off(-300_000)), (None, None));
        let hint = Some(("skew".to_owned(), Level::Hint));
        assert_eq!((off(300_001), off(-300_001)), (hint.clone(), hint));
        assert_eq!(off(i64::MIN), warning("implausible"));
    }
}
