//! Reading the JSON input of a formula: every error names its field.

use serde_json::Value;

use super::FormulaError;
use crate::decimal::Decimal;
use crate::time::UnixMillis;

/// Offset of the zone in which results are shown and instants without offset are read.
///
/// # Units
/// Milliseconds east of UTC.
/// # Source
/// GEN-01: business zone Asia/Shanghai, UTC+08:00, no daylight saving.
const ZONE_OFFSET_MS: i64 = 8 * 3_600_000;

pub(super) fn wrong(field: &str, message: impl Into<String>) -> FormulaError {
    FormulaError::Input { field: field.to_owned(), message: message.into() }
}

fn field<'a>(input: &'a Value, name: &str) -> Result<&'a Value, FormulaError> {
    let object = input.as_object().ok_or_else(|| wrong("input", "expected a JSON object"))?;
    match object.get(name) {
        None | Some(Value::Null) => Err(wrong(name, "is missing")),
        Some(value) => Ok(value),
    }
}

pub(super) fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, FormulaError> {
    field(input, name)?.as_str().ok_or_else(|| wrong(name, "expected text"))
}

pub(super) fn boolean(input: &Value, name: &str) -> Result<bool, FormulaError> {
    field(input, name)?.as_bool().ok_or_else(|| wrong(name, "expected true or false"))
}

/// A decimal string, or a whole JSON number; a binary float is refused (GEN-05).
pub(super) fn decimal(input: &Value, name: &str) -> Result<Decimal, FormulaError> {
    match field(input, name)? {
        Value::String(text) => text.parse().map_err(|error| wrong(name, format!("{error}"))),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Ok(Decimal::from_int(whole)),
            None => Err(wrong(name, "expected an exact decimal string, not a binary float")),
        },
        _ => Err(wrong(name, "expected an exact decimal string")),
    }
}

/// An RFC 3339 instant; without an offset it is local time of the business zone, as the rulebook writes it.
pub(super) fn instant(input: &Value, name: &str) -> Result<UnixMillis, FormulaError> {
    let text = text(input, name)?;
    if let Ok(instant) = UnixMillis::from_rfc3339(text) {
        return Ok(instant);
    }
    let local: jiff::civil::DateTime =
        text.parse().map_err(|_no_datetime| wrong(name, "expected an instant such as 2025-03-04T10:00:00+08:00"))?;
    if !text.contains(['T', 't', ' ']) {
        return Err(wrong(name, "expected an instant with a time of day"));
    }
    let utc = jiff::tz::TimeZone::UTC
        .to_timestamp(local)
        .map_err(|_out_of_range| wrong(name, "lies outside the years 1 to 9999"))?;
    Ok(UnixMillis(utc.as_millisecond()).plus_ms(-ZONE_OFFSET_MS))
}

/// Writes an instant with the offset of the business zone; a fraction only if there is one.
pub(super) fn show_instant(instant: UnixMillis) -> String {
    let shown = instant.plus_ms(ZONE_OFFSET_MS).to_rfc3339();
    let local = shown.strip_suffix('Z').unwrap_or(&shown);
    format!("{}+08:00", local.strip_suffix(".000").unwrap_or(local))
}

pub(super) fn texts(input: &Value, name: &str) -> Result<Vec<String>, FormulaError> {
    let list = field(input, name)?.as_array().ok_or_else(|| wrong(name, "expected a list"))?;
    list.iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(name, "expected a list of texts")))
        .collect()
}
