//! Calendar periods: the week, month, quarter, half-year and year that hold a day.

use jiff::civil::{Date, Weekday};

use super::{DayError, day_before, plus_days, plus_months};

/// Days from Monday to Sunday.
const WEEK_DAYS: i64 = 7;

/// A period of the calendar; each day lies in exactly one of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// Three months from January, April, July or October.
    Quarter,
    /// Six months from January or July.
    HalfYear,
    /// A year.
    Year,
}

impl Period {
    /// Its months; `None` for a week.
    const fn months(self) -> Option<i8> {
        match self {
            Self::Week => None,
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::HalfYear => Some(6),
            Self::Year => Some(12),
        }
    }

    /// First day of the period that holds `day`.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    pub fn first_day(self, day: Date) -> Result<Date, DayError> {
        match self.months() {
            None => plus_days(day, -i64::from(day.weekday().since(Weekday::Monday))),
            Some(months) => {
                let past = (day.month() - 1).checked_rem(months).unwrap_or(0);
                plus_months(day.first_of_month(), -i64::from(past))
            }
        }
    }

    /// First day of the period after the one that holds `day`.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    pub fn next_first_day(self, day: Date) -> Result<Date, DayError> {
        let first = self.first_day(day)?;
        match self.months() {
            None => plus_days(first, WEEK_DAYS),
            Some(months) => plus_months(first, i64::from(months)),
        }
    }

    /// Last day of the period that holds `day`.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`] in the last period of the year 9999.
    pub fn last_day(self, day: Date) -> Result<Date, DayError> {
        self.next_first_day(day).map(day_before)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_day;
    use super::*;

    #[test]
    fn every_period_has_its_first_and_last_day() {
        for (period, day, first, last) in [
            (Period::Week, "2025-03-03", "2025-03-03", "2025-03-09"),
            (Period::Week, "2025-03-09", "2025-03-03", "2025-03-09"),
            (Period::Week, "2026-01-01", "2025-12-29", "2026-01-04"),
            (Period::Month, "2024-02-10", "2024-02-01", "2024-02-29"),
            (Period::Month, "2025-02-28", "2025-02-01", "2025-02-28"),
            (Period::Quarter, "2025-03-31", "2025-01-01", "2025-03-31"),
            (Period::Quarter, "2025-04-01", "2025-04-01", "2025-06-30"),
            (Period::Quarter, "2025-12-31", "2025-10-01", "2025-12-31"),
            (Period::HalfYear, "2025-06-30", "2025-01-01", "2025-06-30"),
            (Period::HalfYear, "2025-07-01", "2025-07-01", "2025-12-31"),
            (Period::Year, "2024-02-29", "2024-01-01", "2024-12-31"),
        ] {
            let day = parse_day(day).unwrap();
            assert_eq!(period.first_day(day).unwrap().to_string(), first, "{period:?} {day}");
            assert_eq!(period.last_day(day).unwrap().to_string(), last, "{period:?} {day}");
        }
        let last = parse_day("9999-12-31").unwrap();
        assert_eq!(Period::Year.first_day(last).unwrap().to_string(), "9999-01-01");
        assert_eq!(Period::Year.last_day(last), Err(DayError::OutOfRange));
        assert_eq!(Period::Week.first_day(parse_day("0001-01-01").unwrap()).unwrap().to_string(), "0001-01-01");
    }
}
