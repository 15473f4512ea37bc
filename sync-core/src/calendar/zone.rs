//! The zone of business days: which day holds an instant, when a day begins and ends.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use super::{DayError, plus_days};
use crate::time::UnixMillis;

/// The zone in which an organisation counts its days.
// Rule: GEN-01
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// UTC+08:00 without daylight saving.
///
/// # Source
/// GEN-01: business zone `Asia/Shanghai`.
impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::fixed(Offset::constant(8)))
    }
}

impl From<TimeZone> for Zone {
    fn from(zone: TimeZone) -> Self {
        Self(zone)
    }
}

impl Zone {
    /// The zone of a fixed offset in milliseconds east of UTC.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`] for an offset that no zone has.
    pub fn at_offset_ms(offset_ms: i64) -> Result<Self, DayError> {
        let seconds = i32::try_from(offset_ms / 1_000).map_err(|_too_large| DayError::OutOfRange)?;
        let offset = Offset::from_seconds(seconds).map_err(|_out_of_range| DayError::OutOfRange)?;
        Ok(Self(TimeZone::fixed(offset)))
    }

    /// The day that holds the instant.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    pub fn day_of(&self, at: UnixMillis) -> Result<Date, DayError> {
        Ok(self.civil(at)?.date())
    }

    /// Local day and time of the instant.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    pub fn civil(&self, at: UnixMillis) -> Result<DateTime, DayError> {
        let instant = Timestamp::from_millisecond(at.0).map_err(|_out_of_range| DayError::OutOfRange)?;
        Ok(self.0.to_datetime(instant))
    }

    /// The instant of a local day and time; of a time that a clock set back shows twice the first, of one that it leaves
    /// out the first after it.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    pub fn instant_of(&self, local: DateTime) -> Result<UnixMillis, DayError> {
        let at = local.to_zoned(self.0.clone()).map_err(|_out_of_range| DayError::OutOfRange)?;
        Ok(UnixMillis(at.timestamp().as_millisecond()))
    }

    /// The first instant of the day.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    pub fn start_of(&self, day: Date) -> Result<UnixMillis, DayError> {
        let start = day.to_zoned(self.0.clone()).map_err(|_out_of_range| DayError::OutOfRange)?;
        Ok(UnixMillis(start.timestamp().as_millisecond()))
    }

    /// The first instant after the day: a business day ends at 24:00 local time (GEN-01).
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    pub fn end_of(&self, day: Date) -> Result<UnixMillis, DayError> {
        self.start_of(plus_days(day, 1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_day;
    use super::*;

    // Rule: GEN-01
    #[test]
    fn a_day_begins_at_midnight_of_the_zone() {
        let at = |text: &str| UnixMillis::from_rfc3339(text).unwrap();
        let (zone, day) = (Zone::default(), parse_day("2025-03-04").unwrap());
        assert_eq!(zone.start_of(day), Ok(at("2025-03-03T16:00:00Z")));
        assert_eq!(zone.end_of(day), Ok(at("2025-03-04T16:00:00Z")));
        assert_eq!(zone.day_of(at("2025-03-04T15:59:59.999Z")), Ok(day));
        assert_eq!(zone.day_of(at("2025-03-03T16:00:00Z")), Ok(day));
        assert_eq!(zone.day_of(UnixMillis(i64::MAX)), Err(DayError::OutOfRange));
    }

    #[test]
    fn days_of_other_zones_may_be_shorter() {
        let zone = Zone::from(TimeZone::get("Europe/Berlin").unwrap());
        let day = parse_day("2025-03-30").unwrap();
        let hours = zone.end_of(day).unwrap().since_ms(zone.start_of(day).unwrap()) / 3_600_000;
        assert_eq!(hours, 23);
    }
}
