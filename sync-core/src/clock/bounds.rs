//! Bounds of an instant and of an elapsed time, and what they say about a deadline.

use serde::{Deserialize, Serialize};

use crate::time::{Stamp, UnixMillis};

/// Whether something happened in time, as far as the clocks prove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// In time whatever the error.
    Met,
    /// Too late, or too short, whatever the error.
    Missed,
    /// The error bounds hold both; never blocks, becomes a finding.
    Undetermined,
}

impl Deadline {
    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Undetermined => "undetermined",
        }
    }

    /// The deadline when it is known whether it was surely met, and whether it may have been met.
    const fn of(surely: bool, maybe: bool) -> Self {
        match (surely, maybe) {
            (true, _) => Self::Met,
            (false, true) => Self::Undetermined,
            (false, false) => Self::Missed,
        }
    }
}

/// Between which instants of the server's clock something happened; `None` is unbounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Not before.
    pub earliest: Option<UnixMillis>,
    /// Not after.
    pub latest: Option<UnixMillis>,
}

impl Bounds {
    /// An instant of the server's own clock.
    #[must_use]
    pub const fn at(instant: UnixMillis) -> Self {
        Self { earliest: Some(instant), latest: Some(instant) }
    }

    /// An instant within `err_ms` of `instant`; unbounded without an error, or with one that cannot be.
    #[must_use]
    pub fn around(instant: UnixMillis, err_ms: Option<i64>) -> Self {
        let Some(err) = err_ms.filter(|err| *err >= 0) else { return Self::default() };
        Self { earliest: Some(instant.plus_ms(err.saturating_neg())), latest: Some(instant.plus_ms(err)) }
    }

    /// What a stamp says for itself: an offset without an error is a memory of another boot and bounds nothing.
    #[must_use]
    pub fn of(stamp: &Stamp) -> Self {
        match stamp.off_ms {
            Some(_) => Self::around(stamp.corrected(), stamp.err_ms),
            None => Self::default(),
        }
    }

    /// Whether it happened at `instant` or before.
    #[must_use]
    pub fn not_after(self, instant: UnixMillis) -> Deadline {
        let surely = self.latest.is_some_and(|latest| latest <= instant);
        Deadline::of(surely, self.earliest.is_none_or(|earliest| earliest <= instant))
    }

    /// Whether it happened at `instant` or after.
    #[must_use]
    pub fn not_before(self, instant: UnixMillis) -> Deadline {
        let surely = self.earliest.is_some_and(|earliest| earliest >= instant);
        Deadline::of(surely, self.latest.is_none_or(|latest| latest >= instant))
    }

    /// Whether it happened from `first` to `last`, both included.
    #[must_use]
    pub fn within(self, first: UnixMillis, last: UnixMillis) -> Deadline {
        match (self.not_before(first), self.not_after(last)) {
            (Deadline::Met, Deadline::Met) => Deadline::Met,
            (Deadline::Missed, _) | (_, Deadline::Missed) => Deadline::Missed,
            _ => Deadline::Undetermined,
        }
    }

    /// The middle of the bounds and half their width; without both bounds `guess` drawn into them, and no error.
    #[must_use]
    pub fn estimate(self, guess: UnixMillis) -> (UnixMillis, Option<i64>) {
        match (self.earliest, self.latest) {
            (Some(earliest), Some(latest)) => {
                let half = latest.since_ms(earliest) / 2;
                let middle = earliest.plus_ms(half);
                (middle, Some(latest.since_ms(middle).max(middle.since_ms(earliest))))
            }
            (Some(earliest), None) => (guess.max(earliest), None),
            (None, Some(latest)) => (guess.min(latest), None),
            (None, None) => (guess, None),
        }
    }
}

/// Bounds of an elapsed time; `None` is unbounded.
///
/// # Units
/// Milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Elapsed {
    /// It was at least this long.
    pub at_least_ms: Option<i64>,
    /// It was at most this long.
    pub at_most_ms: Option<i64>,
}

impl Elapsed {
    /// From one bounded instant to another.
    #[must_use]
    pub fn between(from: Bounds, to: Bounds) -> Self {
        let span = |from: Option<UnixMillis>, to: Option<UnixMillis>| Some(to?.since_ms(from?));
        Self { at_least_ms: span(from.latest, to.earliest), at_most_ms: span(from.earliest, to.latest) }
    }

    /// From an instant of the server's clock to a bounded one.
    #[must_use]
    pub fn since(instant: UnixMillis, to: Bounds) -> Self {
        Self::between(Bounds { earliest: Some(instant), latest: Some(instant) }, to)
    }

    /// What two independent measurements of the same time say together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let tighter = |a: Option<i64>, b: Option<i64>, choose: fn(i64, i64) -> i64| match (a, b) {
            (Some(a), Some(b)) => Some(choose(a, b)),
            (one, None) | (None, one) => one,
        };
        Self {
            at_least_ms: tighter(self.at_least_ms, other.at_least_ms, i64::max),
            at_most_ms: tighter(self.at_most_ms, other.at_most_ms, i64::min),
        }
    }

    /// The bounds of the shorter of two times.
    #[must_use]
    pub fn shorter(self, other: Self) -> Self {
        let both = |a: Option<i64>, b: Option<i64>| Some(a?.min(b?));
        let either = |a: Option<i64>, b: Option<i64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, None) | (None, one) => one,
        };
        Self {
            at_least_ms: both(self.at_least_ms, other.at_least_ms),
            at_most_ms: either(self.at_most_ms, other.at_most_ms),
        }
    }

    /// Whether it lasted at least `ms`.
    #[must_use]
    pub fn reaches(self, ms: i64) -> Deadline {
        let surely = self.at_least_ms.is_some_and(|least| least >= ms);
        Deadline::of(surely, self.at_most_ms.is_none_or(|most| most >= ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(earliest: i64, latest: i64) -> Bounds {
        Bounds { earliest: Some(UnixMillis(earliest)), latest: Some(UnixMillis(latest)) }
    }

    #[test]
    fn a_deadline_is_met_or_missed_only_with_the_whole_interval() {
        assert_eq!(within(5, 10).not_after(UnixMillis(10)), Deadline::Met);
        assert_eq!(within(5, 11).not_after(UnixMillis(10)), Deadline::Undetermined);
        assert_eq!(within(11, 12).not_after(UnixMillis(10)), Deadline::Missed);
        assert_eq!(Bounds::default().not_after(UnixMillis(10)), Deadline::Undetermined);
        let late = Bounds { latest: None, ..within(11, 0) };
        assert_eq!(late.not_after(UnixMillis(10)), Deadline::Missed, "one bound suffices");
    }

    #[test]
    fn a_negative_error_bounds_nothing() {
        assert_eq!(Bounds::around(UnixMillis(0), Some(-1)), Bounds::default());
        assert_eq!(Bounds::around(UnixMillis(0), None), Bounds::default());
    }

    #[test]
    fn the_estimate_is_the_middle_and_its_error_reaches_both_ends() {
        assert_eq!(within(5, 10).estimate(UnixMillis(0)), (UnixMillis(7), Some(3)));
        let open = Bounds { latest: None, ..within(5, 0) };
        assert_eq!(open.estimate(UnixMillis(0)), (UnixMillis(5), None));
    }
}
