//! Working days: Monday to Friday, less the holidays, with the make-up days (GEN-03).

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};

use super::{DayError, parse_day, plus_days};
use crate::plan::CalendarRow;

/// Whether the day is a Saturday or a Sunday (GEN-03).
#[must_use]
pub fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// The days that differ from Monday to Friday.
// Rule: GEN-03
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    holidays: BTreeSet<Date>,
    make_up_days: BTreeSet<Date>,
}

impl Calendar {
    /// A calendar of these holidays and make-up days.
    ///
    /// # Errors
    /// [`DayError::Contradiction`] names a day that is both.
    pub fn new(
        holidays: impl IntoIterator<Item = Date>,
        make_up_days: impl IntoIterator<Item = Date>,
    ) -> Result<Self, DayError> {
        let holidays: BTreeSet<Date> = holidays.into_iter().collect();
        let make_up_days: BTreeSet<Date> = make_up_days.into_iter().collect();
        match holidays.intersection(&make_up_days).next() {
            Some(day) => Err(DayError::Contradiction(*day)),
            None => Ok(Self { holidays, make_up_days }),
        }
    }

    /// The calendar of a published version.
    ///
    /// # Errors
    /// [`DayError::NoDay`] if one of its days does not exist, [`DayError::Contradiction`].
    pub fn of_row(row: &CalendarRow) -> Result<Self, DayError> {
        let days = |texts: &[String]| texts.iter().map(|text| parse_day(text)).collect::<Result<Vec<_>, _>>();
        Self::new(days(&row.holidays)?, days(&row.make_up_days)?)
    }

    /// Whether the day is worked.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        if is_weekend(day) { self.make_up_days.contains(&day) } else { !self.holidays.contains(&day) }
    }

    /// The `count`-th working day after `day`, which itself is not counted; `day` for 0.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`] if the calendar ends before.
    pub fn working_days_after(&self, day: Date, count: u32) -> Result<Date, DayError> {
        self.stepped(day, count, 1)
    }

    /// The `count`-th working day before `day`, which itself is not counted; `day` for 0.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`] if the calendar begins after.
    pub fn working_days_before(&self, day: Date, count: u32) -> Result<Date, DayError> {
        self.stepped(day, count, -1)
    }

    fn stepped(&self, from: Date, count: u32, step: i64) -> Result<Date, DayError> {
        let (mut day, mut left) = (from, count);
        while left > 0 {
            day = plus_days(day, step)?;
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        Ok(day)
    }

    /// How many working days lie after `from` up to and with `to`; 0 if `to` is not later.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`] is never reached by days that exist.
    pub fn working_days_between(&self, from: Date, to: Date) -> Result<u32, DayError> {
        let (mut day, mut count) = (from, 0u32);
        while day < to {
            day = plus_days(day, 1)?;
            count += u32::from(self.is_working_day(day));
        }
        Ok(count)
    }
}
