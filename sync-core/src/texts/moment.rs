//! Days and times as customers read them.

use jiff::civil::Date;

use crate::calendar::{DayError, Zone};
use crate::statement::Language;
use crate::time::UnixMillis;

/// The day that holds an instant.
///
/// # Errors
/// [`DayError::OutOfRange`].
pub fn day(zone: &Zone, at: UnixMillis, language: Language) -> Result<String, DayError> {
    Ok(date(zone.day_of(at)?, language))
}

/// Day and time of an instant, to the minute.
///
/// # Errors
/// [`DayError::OutOfRange`].
pub fn moment(zone: &Zone, at: UnixMillis, language: Language) -> Result<String, DayError> {
    let local = zone.civil(at)?;
    Ok(format!("{} {:02}:{:02}", date(local.date(), language), local.hour(), local.minute()))
}

fn date(day: Date, language: Language) -> String {
    match language {
        Language::ZhCn => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        Language::En => day.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_told_in_the_zone_of_the_organisation() {
        let at = UnixMillis::from_rfc3339("2025-03-04T16:05:59Z").unwrap();
        let zone = Zone::default();
        assert_eq!(moment(&zone, at, Language::ZhCn).unwrap(), "2025年3月5日 00:05");
        assert_eq!(moment(&zone, at, Language::En).unwrap(), "2025-03-05 00:05");
        assert_eq!(day(&zone, at, Language::ZhCn).unwrap(), "2025年3月5日");
        assert!(moment(&zone, UnixMillis(i64::MAX), Language::En).is_err());
    }
}
