//! Working days by rule and by property, compared with a count day by day.

#![expect(clippy::unwrap_used, reason = "the support code of tests may panic")]

use jiff::civil::Date;
use proptest::prelude::*;
use sync_core::calendar::{Calendar, DayError, Period, WorkingHours, Zone, days_between, parse_day, plus_days};
use sync_core::plan::{CalendarRow, PolicyRow};
use sync_core::time::UnixMillis;

fn day(text: &str) -> Date {
    parse_day(text).unwrap()
}

fn row(holidays: &[&str], make_up_days: &[&str]) -> CalendarRow {
    let texts = |days: &[&str]| days.iter().map(|day| (*day).to_owned()).collect();
    CalendarRow { version: 1, holidays: texts(holidays), make_up_days: texts(make_up_days), published_at_ms: None }
}

// Rule: GEN-03
#[test]
fn holidays_and_make_up_days_change_the_week() {
    let calendar = Calendar::of_row(&row(&["2025-05-01", "2025-05-02", "2025-05-03"], &["2025-04-27"])).unwrap();
    for (text, worked) in [
        ("2025-04-25", true),
        ("2025-04-26", false),
        ("2025-04-27", true),
        ("2025-04-28", true),
        ("2025-05-01", false),
        ("2025-05-02", false),
        ("2025-05-03", false),
        ("2025-05-05", true),
    ] {
        assert_eq!(calendar.is_working_day(day(text)), worked, "{text}");
    }
    let after = |text: &str, count| calendar.working_days_after(day(text), count).unwrap().to_string();
    assert_eq!(after("2025-04-25", 1), "2025-04-27");
    assert_eq!(after("2025-04-30", 1), "2025-05-05");
    assert_eq!(after("2025-05-03", 1), "2025-05-05");
    assert_eq!(after("2025-05-03", 0), "2025-05-03");
    let before = |text: &str, count| calendar.working_days_before(day(text), count).unwrap().to_string();
    assert_eq!(before("2025-05-05", 1), "2025-04-30");
    assert_eq!(before("2025-04-28", 1), "2025-04-27");
    assert_eq!(before("2025-04-27", 1), "2025-04-25");
}

// Rule: APT-01
#[test]
fn working_hours_pass_in_working_time_only() {
    let (calendar, zone) = (Calendar::of_row(&row(&["2025-05-01"], &["2025-04-27"])).unwrap(), Zone::default());
    let hours = WorkingHours::of(&PolicyRow::default());
    let after = |from: &str, count| {
        let from = UnixMillis::from_rfc3339(&format!("{from}:00+08:00")).unwrap();
        hours.after(&calendar, &zone, from, count).unwrap()
    };
    for (from, count, due) in [
        ("2025-03-04T09:00", 2, "2025-03-04T11:00"),
        ("2025-03-04T06:00", 2, "2025-03-04T10:30"),
        ("2025-03-04T15:30", 2, "2025-03-04T17:30"),
        ("2025-03-04T15:31", 2, "2025-03-05T08:31"),
        ("2025-03-04T17:30", 2, "2025-03-05T10:30"),
        ("2025-03-07T22:00", 2, "2025-03-10T10:30"),
        ("2025-04-30T17:00", 1, "2025-05-02T09:00"),
        ("2025-04-25T17:00", 1, "2025-04-27T09:00"),
        ("2025-03-04T09:00", 9, "2025-03-05T09:00"),
        ("2025-03-04T09:00", 0, "2025-03-04T09:00"),
    ] {
        let due = UnixMillis::from_rfc3339(&format!("{due}:00+08:00")).unwrap();
        assert_eq!(after(from, count), due, "{count} hours after {from}");
    }
    assert!(WorkingHours::new(600, 600).is_none() && WorkingHours::new(0, 1_441).is_none());
    let end = UnixMillis::from_rfc3339("9999-12-30T00:00:00Z").unwrap();
    assert_eq!(hours.after(&calendar, &zone, end, 80), Err(DayError::OutOfRange));
}

proptest! {
    /// Counted minute by minute, as many working minutes lie between as were asked for, and the last one is one of them.
    #[test]
    fn so_many_working_minutes_lie_between(start in 0i64..20_160, from in 0i64..1_380, length in 1i64..600, count in 1i64..5) {
        let to = (from + length).min(1_440);
        let (calendar, zone) = (Calendar::default(), Zone::default());
        let hours = WorkingHours::new(from, to).unwrap();
        // A Monday at midnight.
        let monday = UnixMillis::from_rfc3339("2025-03-03T00:00:00+08:00").unwrap();
        let begin = monday.plus_ms(start * 60_000);
        let due = hours.after(&calendar, &zone, begin, count).unwrap();
        let is_worked = |minute: i64| minute.div_euclid(1_440).rem_euclid(7) < 5 && (from..to).contains(&minute.rem_euclid(1_440));
        let last = due.since_ms(monday) / 60_000;
        let worked = (start..last).filter(|minute| is_worked(*minute)).count();
        prop_assert_eq!(i64::try_from(worked).unwrap(), count * 60);
        prop_assert!(is_worked(last - 1));
    }
}

#[test]
fn a_published_calendar_must_make_sense() {
    assert_eq!(Calendar::of_row(&row(&["2025-02-29"], &[])), Err(DayError::NoDay));
    assert_eq!(Calendar::of_row(&row(&[], &["27.04.2025"])), Err(DayError::NoDay));
    let both = Calendar::of_row(&row(&["2025-04-27"], &["2025-04-27"]));
    assert_eq!(both.unwrap_err().to_string(), "2025-04-27 is a holiday and a make-up day at once");
}

#[test]
fn the_calendar_ends_with_its_years() {
    let calendar = Calendar::default();
    assert_eq!(calendar.working_days_after(day("9999-12-30"), 2), Err(DayError::OutOfRange));
    assert_eq!(calendar.working_days_before(day("0001-01-01"), 1), Err(DayError::OutOfRange));
    assert_eq!(calendar.working_days_after(day("9999-01-01"), u32::MAX), Err(DayError::OutOfRange));
}

/// A day around the years 2024 and 2025.
fn days() -> impl Strategy<Value = Date> {
    (0i64..731).prop_map(|offset| plus_days(day("2024-01-01"), offset).unwrap())
}

/// A calendar whose days are drawn from the same years, no day twice.
fn calendars() -> impl Strategy<Value = Calendar> {
    proptest::collection::btree_map(days(), any::<bool>(), 0..120).prop_map(|days| {
        let named = |wanted: bool| days.iter().filter(move |(_, holiday)| **holiday == wanted).map(|(day, _)| *day);
        Calendar::new(named(true), named(false)).unwrap()
    })
}

proptest! {
    #[test]
    fn working_days_agree_with_a_count_day_by_day(calendar in calendars(), from in days(), count in 0u32..60) {
        let to = calendar.working_days_after(from, count).unwrap();
        let span = days_between(from, to);
        let worked = (1..=span).filter(|offset| calendar.is_working_day(plus_days(from, *offset).unwrap())).count();
        prop_assert_eq!(u32::try_from(worked).unwrap(), count);
        prop_assert_eq!(calendar.working_days_between(from, to).unwrap(), count);
        prop_assert!(count == 0 || calendar.is_working_day(to));
    }

    #[test]
    fn as_many_working_days_lead_there_and_back(calendar in calendars(), from in days(), count in 0u32..60) {
        let there = calendar.working_days_after(from, count).unwrap();
        let back = calendar.working_days_before(there, count).unwrap();
        // From a day without work, the way back ends on the working day before it, or on the day itself for 0.
        if count == 0 || calendar.is_working_day(from) {
            prop_assert_eq!(back, from);
        } else {
            prop_assert!(back < from);
            prop_assert_eq!(calendar.working_days_after(back, 1), calendar.working_days_after(from, 1));
        }
    }

    #[test]
    fn a_later_day_and_a_longer_span_never_end_earlier(
        calendar in calendars(), from in days(), later in 0i64..40, count in 0u32..60, more in 0u32..10,
    ) {
        let end = calendar.working_days_after(from, count).unwrap();
        prop_assert!(end <= calendar.working_days_after(plus_days(from, later).unwrap(), count).unwrap());
        prop_assert!(end <= calendar.working_days_after(from, count + more).unwrap());
    }

    #[test]
    fn periods_follow_each_other_without_gap(of in days()) {
        for period in [Period::Week, Period::Month, Period::Quarter, Period::HalfYear, Period::Year] {
            let (first, last) = (period.first_day(of).unwrap(), period.last_day(of).unwrap());
            prop_assert!(first <= of && of <= last);
            prop_assert_eq!(period.next_first_day(of).unwrap(), plus_days(last, 1).unwrap());
            prop_assert_eq!(period.first_day(last).unwrap(), first);
            prop_assert_eq!(period.last_day(first).unwrap(), last);
        }
    }
}
