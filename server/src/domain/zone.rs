//! The organisation's time zone: its days and years.
//!
//! Owns calendar arithmetic; knows neither plan nor database.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use sync_core::calendar::parse_day;
use sync_core::time::UnixMillis;

/// A time zone of business rules.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

/// Reports a zone or a day that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such time zone or day")]
pub struct ZoneError;

/// A span of time: from the first instant, before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First instant inside.
    pub from: UnixMillis,
    /// First instant after.
    pub to: UnixMillis,
}

impl Window {
    /// Whether the instant lies inside.
    #[must_use]
    pub fn contains(self, at: UnixMillis) -> bool {
        self.from <= at && at < self.to
    }
}

impl Zone {
    /// The zone of an IANA name.
    ///
    /// # Errors
    /// [`ZoneError`] if there is no such zone.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        TimeZone::get(name).map(Self).map_err(|_unknown| ZoneError)
    }

    /// The zone as deadlines count days in it.
    #[must_use]
    pub fn of_business(&self) -> sync_core::calendar::Zone {
        sync_core::calendar::Zone::from(self.0.clone())
    }

    fn date_of(&self, at: UnixMillis) -> Result<Date, ZoneError> {
        let instant = Timestamp::from_millisecond(at.0).map_err(|_out_of_range| ZoneError)?;
        Ok(instant.to_zoned(self.0.clone()).date())
    }

    fn start_of(&self, date: Date) -> Result<UnixMillis, ZoneError> {
        let start = date.to_zoned(self.0.clone()).map_err(|_out_of_range| ZoneError)?;
        Ok(UnixMillis(start.timestamp().as_millisecond()))
    }

    /// The year an instant lies in.
    ///
    /// # Errors
    /// [`ZoneError`] outside years 1 to 9999.
    pub fn year(&self, at: UnixMillis) -> Result<i16, ZoneError> {
        self.date_of(at).map(Date::year)
    }

    /// The day an instant lies in, as `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`ZoneError`] outside years 1 to 9999.
    pub fn day(&self, at: UnixMillis) -> Result<String, ZoneError> {
        self.date_of(at).map(|date| date.to_string())
    }

    /// The span of the day `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`ZoneError`] if there is no such day.
    pub fn bounds(&self, day: &str) -> Result<Window, ZoneError> {
        self.days(parse_day(day).map_err(|_no_day| ZoneError)?, 0, 0)
    }

    /// Whole days around an instant: `back` days before its day to `ahead` days after it.
    ///
    /// # Errors
    /// [`ZoneError`] outside years 1 to 9999.
    pub fn around(&self, at: UnixMillis, back: i64, ahead: i64) -> Result<Window, ZoneError> {
        self.days(self.date_of(at)?, back, ahead)
    }

    fn days(&self, date: Date, back: i64, ahead: i64) -> Result<Window, ZoneError> {
        let shifted = |days: i64| date.checked_add(days.days()).map_err(|_out_of_range| ZoneError);
        Ok(Window { from: self.start_of(shifted(-back)?)?, to: self.start_of(shifted(ahead + 1)?)? })
    }

    /// Offset from UTC at an instant, in milliseconds east.
    ///
    /// # Errors
    /// [`ZoneError`] outside years 1 to 9999.
    pub fn offset_ms(&self, at: UnixMillis) -> Result<i64, ZoneError> {
        let instant = Timestamp::from_millisecond(at.0).map_err(|_out_of_range| ZoneError)?;
        Ok(i64::from(self.0.to_offset(instant).seconds()) * 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis::from_rfc3339(text).unwrap()
    }

    #[test]
    fn days_begin_at_local_midnight() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let now = at("2025-03-04T23:30:00+08:00");
        assert_eq!(zone.day(now).unwrap(), "2025-03-04");
        let window = zone.around(now, 7, 14).unwrap();
        assert_eq!(window.from, at("2025-02-25T00:00:00+08:00"));
        assert_eq!(window.to, at("2025-03-19T00:00:00+08:00"));
        assert!(window.contains(window.from) && !window.contains(window.to));
        assert_eq!(zone.year(at("2024-12-31T16:00:00Z")).unwrap(), 2025);
        assert_eq!(zone.offset_ms(now).unwrap(), 8 * 3_600_000);
        assert!(Zone::named("Nowhere/City").is_err() && zone.bounds("2025-02-30").is_err());
        assert_eq!(zone.bounds("2025-03-04").unwrap(), zone.around(now, 0, 0).unwrap());
        for other_spelling in ["20250304", "2025-03-04T00", "2025-03-04T00:00"] {
            assert_eq!(zone.bounds(other_spelling), Err(ZoneError), "{other_spelling}");
        }
    }
}
