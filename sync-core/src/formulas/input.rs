//! Reading the JSON input of a formula: every error names its field by its path, `items[2].per_event`.
//!
//! Unknown members are passed over; where the members are codes themselves, an unknown code is refused.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::Value;

use super::{Coded, FormulaError};
use crate::calendar::{Calendar, DayError, parse_day};
use crate::decimal::{Decimal, DecimalError};
use crate::time::UnixMillis;

/// Offset of the zone in which results are shown and instants without offset are read.
///
/// # Units
/// Milliseconds east of UTC.
/// # Source
/// GEN-01: business zone Asia/Shanghai, UTC+08:00, no daylight saving.
const ZONE_OFFSET_MS: i64 = 8 * 3_600_000;

/// 0001-01-02 to 9998-12-31, UTC: a year from either end, so that no deadline leaves the years 1 to 9999.
const INSTANTS_MS: std::ops::Range<i64> = -62_135_510_400_000..253_370_764_800_000;

/// A value of the input and the path that leads to it.
pub(super) struct Input<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Input<'a> {
    /// The whole input.
    pub(super) fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    /// An error at this place.
    pub(super) fn wrong(&self, message: impl Into<String>) -> FormulaError {
        let field = if self.path.is_empty() { "input".to_owned() } else { self.path.clone() };
        FormulaError::Input { field, message: message.into() }
    }

    /// An error at the member `name`.
    pub(super) fn wrong_at(&self, name: &str, message: impl Into<String>) -> FormulaError {
        FormulaError::Input { field: self.path_of(name), message: message.into() }
    }

    /// What a formula computed, or that the numbers it came from are too long.
    pub(super) fn fits<T>(&self, result: Result<T, DecimalError>) -> Result<T, FormulaError> {
        result.map_err(|_too_large| self.wrong("the numbers are too large for an exact result"))
    }

    /// A day that a formula computed, or that there is none.
    pub(super) fn exists<T>(&self, result: Result<T, DayError>) -> Result<T, FormulaError> {
        result.map_err(|error| self.wrong(error.to_string()))
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn object(&self) -> Result<&'a serde_json::Map<String, Value>, FormulaError> {
        self.value.as_object().ok_or_else(|| self.wrong("expected a JSON object"))
    }

    /// The member `name`; absent and `null` are the same.
    pub(super) fn find(&self, name: &str) -> Result<Option<Self>, FormulaError> {
        let value = self.object()?.get(name).filter(|value| !value.is_null());
        Ok(value.map(|value| Self { path: self.path_of(name), value }))
    }

    /// The member `name`, which must be there.
    pub(super) fn get(&self, name: &str) -> Result<Self, FormulaError> {
        self.find(name)?.ok_or_else(|| self.wrong_at(name, "is missing"))
    }

    /// The members, by name.
    pub(super) fn members(&self) -> Result<Vec<(&'a str, Self)>, FormulaError> {
        let member = |(name, value): (&'a String, &'a Value)| (name.as_str(), Self { path: self.path_of(name), value });
        Ok(self.object()?.iter().map(member).collect())
    }

    /// The members, each named by a code.
    pub(super) fn coded_members<C: Coded>(&self) -> Result<Vec<(C, Self)>, FormulaError> {
        let coded = |(name, member): (&str, Self)| match C::from_code(name) {
            Some(code) => Ok((code, member)),
            None => Err(member.wrong(format!("unknown, {}", expected_codes::<C>()))),
        };
        self.members()?.into_iter().map(coded).collect()
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Result<Vec<Self>, FormulaError> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("expected a list"))?;
        Ok(list.iter().enumerate().map(|(at, value)| Self { path: format!("{}[{at}]", self.path), value }).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, FormulaError> {
        self.value.as_str().ok_or_else(|| self.wrong("expected text"))
    }

    /// A name that the caller gives: text that says something.
    pub(super) fn name(&self) -> Result<&'a str, FormulaError> {
        match self.text()? {
            text if text.trim().is_empty() => Err(self.wrong("expected a text that is not empty")),
            text => Ok(text),
        }
    }

    /// The name of an item under `member`, which no item seen before has.
    pub(super) fn name_once(&self, member: &str, seen: &mut BTreeSet<&'a str>) -> Result<&'a str, FormulaError> {
        let name = self.get(member)?.name()?;
        if seen.insert(name) { Ok(name) } else { Err(self.wrong_at(member, "stands twice in the list")) }
    }

    pub(super) fn code<C: Coded>(&self) -> Result<C, FormulaError> {
        C::from_code(self.text()?).ok_or_else(|| self.wrong(expected_codes::<C>()))
    }

    pub(super) fn boolean(&self) -> Result<bool, FormulaError> {
        self.value.as_bool().ok_or_else(|| self.wrong("expected true or false"))
    }

    /// A decimal string, or a whole JSON number; a binary float is refused (GEN-05).
    pub(super) fn decimal(&self) -> Result<Decimal, FormulaError> {
        match self.value {
            Value::String(text) => text.parse().map_err(|error: DecimalError| self.wrong(error.to_string())),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Ok(Decimal::from_int(whole)),
                None => Err(self.wrong("expected an exact decimal string, not a binary float")),
            },
            _ => Err(self.wrong("expected an exact decimal string such as \"18.30\"")),
        }
    }

    /// A decimal of at least zero.
    pub(super) fn amount(&self) -> Result<Decimal, FormulaError> {
        match self.decimal()? {
            amount if amount < Decimal::ZERO => Err(self.wrong("must not be negative")),
            amount => Ok(amount),
        }
    }

    /// A decimal from zero to `most`, both included; `unit` says of what.
    fn amount_to(&self, most: i64, unit: &str) -> Result<Decimal, FormulaError> {
        match self.amount()? {
            amount if amount > Decimal::from_int(most) => Err(self.wrong(format!("expected {unit} from 0 to {most}"))),
            amount => Ok(amount),
        }
    }

    /// A share of a whole, not in per cent.
    pub(super) fn share(&self) -> Result<Decimal, FormulaError> {
        self.amount_to(1, "a share, such as 0.85 for 85 %,")
    }

    /// A score without bonus.
    pub(super) fn score(&self) -> Result<Decimal, FormulaError> {
        self.amount_to(100, "a score")
    }

    /// A score with bonus (KPI-01).
    pub(super) fn score_with_bonus(&self) -> Result<Decimal, FormulaError> {
        self.amount_to(110, "a score")
    }

    /// A whole number of at least zero.
    pub(super) fn count(&self) -> Result<u64, FormulaError> {
        match self.value.as_u64() {
            Some(count) => Ok(count),
            None if self.value.is_i64() => Err(self.wrong("must not be negative")),
            None => Err(self.wrong("expected a whole number")),
        }
    }

    /// Money in fen, of at least zero.
    pub(super) fn fen(&self) -> Result<i64, FormulaError> {
        match self.value.as_i64() {
            Some(fen) if fen >= 0 => Ok(fen),
            Some(_) => Err(self.wrong("must not be negative")),
            None => Err(self.wrong("expected a whole number of fen")),
        }
    }

    /// An RFC 3339 instant; without an offset it is local time of the business zone, as the rulebook writes it.
    pub(super) fn instant(&self) -> Result<UnixMillis, FormulaError> {
        let text = self.text()?;
        let instant = match UnixMillis::from_rfc3339(text) {
            Ok(instant) => instant,
            Err(_no_instant) => self.local_instant(text)?,
        };
        if INSTANTS_MS.contains(&instant.0) { Ok(instant) } else { Err(self.wrong("lies outside the years 1 to 9998")) }
    }

    fn local_instant(&self, text: &str) -> Result<UnixMillis, FormulaError> {
        let expected = || self.wrong("expected an instant such as 2025-03-04T10:00:00+08:00");
        let (_day, time) = text.split_once(['T', 't', ' ']).ok_or_else(expected)?;
        // The parser of local times would pass over an offset or a zone.
        if !time.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.')) {
            return Err(expected());
        }
        let local: jiff::civil::DateTime = text.parse().map_err(|_no_datetime| expected())?;
        let utc = jiff::tz::TimeZone::UTC.to_timestamp(local).map_err(|_out_of_range| expected())?;
        Ok(UnixMillis(utc.as_millisecond()).plus_ms(-ZONE_OFFSET_MS))
    }

    /// A day, `YYYY-MM-DD`.
    pub(super) fn date(&self) -> Result<Date, FormulaError> {
        self.exists(parse_day(self.text()?))
    }

    /// The calendar given as `calendar`, if there is one.
    pub(super) fn calendar(&self) -> Result<Option<Calendar>, FormulaError> {
        let Some(calendar) = self.find("calendar")? else { return Ok(None) };
        let days = |name: &str| match calendar.find(name)? {
            Some(list) => list.items()?.iter().map(Self::date).collect::<Result<Vec<_>, _>>(),
            None => Ok(Vec::new()),
        };
        calendar.exists(Calendar::new(days("holidays")?, days("make_up_days")?)).map(Some)
    }
}

/// `part` if it is not more than `whole`, which `words` describe.
pub(super) fn part_of(part: &Input<'_>, whole: u64, words: &str) -> Result<u64, FormulaError> {
    match part.count()? {
        count if count > whole => Err(part.wrong(format!("must not be more than {whole}, the {words}"))),
        count => Ok(count),
    }
}

fn expected_codes<C: Coded>() -> String {
    let codes: Vec<_> = C::ALL.iter().map(|value| value.code()).collect();
    format!("expected one of {}", codes.join(", "))
}

/// Writes an instant with the offset of the business zone; a fraction only if there is one.
pub(super) fn show_instant(instant: UnixMillis) -> String {
    let shown = instant.plus_ms(ZONE_OFFSET_MS).to_rfc3339();
    let local = shown.strip_suffix('Z').unwrap_or(&shown);
    format!("{}+08:00", local.strip_suffix(".000").unwrap_or(local))
}

/// Writes a decimal as its digits, "no data" as `null` (GEN-07).
pub(super) fn show(value: Option<Decimal>) -> Value {
    value.map_or(Value::Null, |value| Value::String(value.to_string()))
}
