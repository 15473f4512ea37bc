//! Days: how they are counted, which are worked, which instants they hold.
//!
//! Pure arithmetic on calendar days. Which days are holidays and which zone applies are arguments; nothing here
//! knows visits, and nothing here knows today.

mod hours;
mod period;
mod working;
mod zone;

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};

pub use hours::WorkingHours;
pub use period::Period;
pub use working::{Calendar, is_weekend};
pub use zone::Zone;

/// Why there is no such day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DayError {
    /// The text is no day of the calendar.
    #[error("expected a day such as 2025-03-04")]
    NoDay,
    /// The day lies outside the years 1 to 9999.
    #[error("lies outside the years 1 to 9999")]
    OutOfRange,
    /// A calendar names the day as a holiday and as a make-up day.
    #[error("{0} is a holiday and a make-up day at once")]
    Contradiction(Date),
}

/// Reads a day, `YYYY-MM-DD` and nothing else.
///
/// # Errors
/// [`DayError::NoDay`] if there is no such day or the text is written otherwise.
pub fn parse_day(text: &str) -> Result<Date, DayError> {
    let day: Date = text.parse().map_err(|_no_day| DayError::NoDay)?;
    // The parser also takes a time, an offset and years before 1.
    if day.to_string() == text && day.year() > 0 { Ok(day) } else { Err(DayError::NoDay) }
}

/// The day `days` after `day`, or before it if negative (GEN-02: the event day is day 0).
///
/// # Errors
/// [`DayError::OutOfRange`].
pub fn plus_days(day: Date, days: i64) -> Result<Date, DayError> {
    moved(day, Span::new().try_days(days))
}

/// The same day `months` later, or the last day of that month if it has no such day (GEN-04).
///
/// # Errors
/// [`DayError::OutOfRange`].
// Rule: GEN-04
pub fn plus_months(day: Date, months: i64) -> Result<Date, DayError> {
    moved(day, Span::new().try_months(months))
}

fn moved(day: Date, span: Result<Span, jiff::Error>) -> Result<Date, DayError> {
    let moved = span.and_then(|span| day.checked_add(span)).map_err(|_out_of_range| DayError::OutOfRange)?;
    if moved.year() > 0 { Ok(moved) } else { Err(DayError::OutOfRange) }
}

/// Days from `earlier` to `later`; negative if `later` lies before it.
#[must_use]
pub fn days_between(earlier: Date, later: Date) -> i64 {
    i64::from(later.since(earlier).map_or(0, |span| span.get_days()))
}

/// The day before; saturates at the first day there is.
fn day_before(day: Date) -> Date {
    day.saturating_sub(1.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        parse_day(text).unwrap()
    }

    #[test]
    fn a_day_has_one_spelling() {
        assert_eq!(day("2024-02-29").to_string(), "2024-02-29");
        for bad in [
            "2025-02-29",
            "2025-3-4",
            "20250304",
            "2025-03-04T00:00",
            "2025-03-04Z",
            " 2025-03-04",
            "0000-01-01",
            "-000001-01-01",
            "",
        ] {
            assert_eq!(parse_day(bad), Err(DayError::NoDay), "{bad}");
        }
    }

    // Rule: GEN-04
    #[test]
    fn days_and_months_cross_their_borders() {
        assert_eq!(plus_days(day("2024-02-28"), 2), Ok(day("2024-03-01")));
        assert_eq!(plus_days(day("2025-12-31"), 1), Ok(day("2026-01-01")));
        assert_eq!(plus_days(day("2025-03-01"), -1), Ok(day("2025-02-28")));
        assert_eq!(plus_months(day("2025-01-31"), 1), Ok(day("2025-02-28")));
        assert_eq!(plus_months(day("2024-01-31"), 1), Ok(day("2024-02-29")));
        assert_eq!(plus_months(day("2025-11-30"), 3), Ok(day("2026-02-28")));
        for far in [1, i64::MAX, i64::MIN] {
            assert_eq!(plus_days(day("9999-12-31"), far), Err(DayError::OutOfRange));
            assert_eq!(plus_months(day("9999-12-31"), far), Err(DayError::OutOfRange));
        }
        assert_eq!(plus_days(day("0001-01-01"), -1), Err(DayError::OutOfRange));
    }

    #[test]
    fn the_days_between_carry_a_sign() {
        assert_eq!(days_between(day("2025-03-01"), day("2025-03-31")), 30);
        assert_eq!(days_between(day("2025-03-05"), day("2025-03-01")), -4);
        assert_eq!(days_between(day("2023-12-31"), day("2025-01-01")), 367);
        assert_eq!(days_between(day("0001-01-01"), day("9999-12-31")), 3_652_058);
    }
}
