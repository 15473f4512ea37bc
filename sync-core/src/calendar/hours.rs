//! Working hours: the part of a working day that counts for deadlines in hours.

use super::{Calendar, DayError, Zone, plus_days};
use crate::plan::PolicyRow;
use crate::policy::keys;
use crate::time::UnixMillis;

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The hours of a working day, from included, to excluded.
///
/// # Units
/// Minutes after local midnight.
// Rule: APT-01
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkingHours {
    from: i64,
    to: i64,
}

impl WorkingHours {
    /// The hours from one minute of the day to a later one; `None` if nothing lies between.
    #[must_use]
    pub const fn new(from: i64, to: i64) -> Option<Self> {
        if 0 <= from && from < to && to <= 1_440 { Some(Self { from, to }) } else { None }
    }

    /// The hours of a policy; those of the rulebook where it states none that are any.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        let stated = Self::new(policy.get(keys::WORKING_HOURS_FROM), policy.get(keys::WORKING_HOURS_TO));
        let (from, to) = (keys::WORKING_HOURS_FROM.kind.default, keys::WORKING_HOURS_TO.kind.default);
        stated.unwrap_or(Self { from, to })
    }

    /// When so many working hours have passed since `at`: what lies outside of them does not count.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`] if the calendar ends before.
    pub fn after(self, calendar: &Calendar, zone: &Zone, at: UnixMillis, hours: i64) -> Result<UnixMillis, DayError> {
        let mut left = hours.max(0).saturating_mul(HOUR_MS);
        let mut day = zone.day_of(at)?;
        loop {
            if calendar.is_working_day(day) {
                let midnight = zone.start_of(day)?;
                let begins = midnight.plus_ms(self.from * MINUTE_MS).max(at);
                let there = midnight.plus_ms(self.to * MINUTE_MS).since_ms(begins);
                if there >= left {
                    return Ok(begins.plus_ms(left));
                }
                left -= there.max(0);
            }
            day = plus_days(day, 1)?;
        }
    }
}
