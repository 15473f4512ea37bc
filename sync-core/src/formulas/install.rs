//! F-04 to F-07: optical power, speed, the four line-test elements, the install photos.

use serde_json::{Value, json};

use super::FormulaError;
use super::input::{boolean, decimal, text, texts, wrong};
use crate::decimal::{Decimal, DecimalError};

/// Optical power that already fails, in dBm.
///
/// # Source
/// INS-22: better, that is greater, than -25 dBm; -25.00 itself fails.
pub const OPTICAL_FLOOR_DBM: i64 = -25;

/// Photo slots every install needs, in template order.
///
/// # Source
/// INS-28 to INS-32.
const INSTALL_SLOTS: [&str; 4] = ["outdoor_route", "splitter_label", "ont_stb", "acceptance_form"];

/// The slot an order from online marketing needs too (INS-32).
const ACTIVATION_SLOT: &str = "activation_form";

/// Channels of a work order (rulebook 1.2).
const CHANNELS: [&str; 5] = ["hotline", "store", "web", "app", "online_marketing"];

/// F-04: whether the received optical power passes; the comparison is exact.
#[must_use]
pub fn optical_power(dbm: Decimal) -> bool {
    dbm > Decimal::from_int(OPTICAL_FLOOR_DBM)
}

pub(super) fn run_optical_power(input: &Value) -> Result<Value, FormulaError> {
    let dbm = decimal(input, "dbm")?;
    let centi_dbm = dbm.to_units(2).map_err(|error| wrong("dbm", error.to_string()))?;
    Ok(json!({ "centi_dbm": centi_dbm, "pass": optical_power(dbm) }))
}

/// F-05: whether a measured rate reaches its share of the contracted one.
///
/// Judged as `measured ≥ contracted × ratio` on exact numbers, so that a shown ratio rounded up
/// to the limit never passes what is below it.
///
/// # Errors
/// [`DecimalError::Overflow`] for numbers no line reaches.
pub fn speed_test(measured: Decimal, contracted: Decimal, min_ratio: Decimal) -> Result<bool, DecimalError> {
    Ok(measured >= contracted.times(min_ratio)?)
}

pub(super) fn run_speed_test(input: &Value) -> Result<Value, FormulaError> {
    let measured = not_negative(input, "measured_mbps")?;
    let contracted = not_negative(input, "contracted_mbps")?;
    let min_ratio = not_negative(input, "min_rate_ratio")?;
    match measured.divided_by(contracted, 4) {
        // GEN-07: no denominator, no data.
        Err(DecimalError::ZeroDivisor) => Ok(json!({ "ratio": null, "pass": null })),
        Err(error) => Err(wrong("measured_mbps", error.to_string())),
        Ok(ratio) => {
            let pass = speed_test(measured, contracted, min_ratio)
                .map_err(|error| wrong("min_rate_ratio", error.to_string()))?;
            Ok(json!({ "ratio": ratio.to_string(), "pass": pass }))
        }
    }
}

fn not_negative(input: &Value, name: &str) -> Result<Decimal, FormulaError> {
    let value = decimal(input, name)?;
    if value < Decimal::ZERO { Err(wrong(name, "must not be negative")) } else { Ok(value) }
}

/// F-06: the names of the elements that fail, in the order given; the test passes if there are none.
#[must_use]
pub fn line_test_four_elements<'a>(elements: &[(&'a str, bool)]) -> Vec<&'a str> {
    elements.iter().filter(|(_, passes)| !passes).map(|(name, _)| *name).collect()
}

pub(super) fn run_line_test(input: &Value) -> Result<Value, FormulaError> {
    let elements = ["resource_ok", "aaa_sync_ok", "optical_ok", "speed_ok"]
        .into_iter()
        .map(|name| Ok((name, boolean(input, name)?)))
        .collect::<Result<Vec<_>, FormulaError>>()?;
    let failed = line_test_four_elements(&elements);
    Ok(json!({ "pass": failed.is_empty(), "failed": failed }))
}

/// Result of F-07.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photos {
    /// How many slots are required.
    pub required: usize,
    /// Required slots without a photo, in template order.
    pub missing: Vec<String>,
}

/// F-07, and the check `required_photos_present`: which required slots hold too few photos.
///
/// `required` names each required slot with the photos it needs; `held` counts those present.
#[must_use]
pub fn install_photo_completeness<'a>(
    required: impl IntoIterator<Item = (&'a str, usize)>,
    held: impl Fn(&str) -> usize,
) -> Photos {
    let mut photos = Photos { required: 0, missing: Vec::new() };
    for (slot, min) in required {
        photos.required += 1;
        if held(slot) < min {
            photos.missing.push(slot.to_owned());
        }
    }
    photos
}

pub(super) fn run_photos(input: &Value) -> Result<Value, FormulaError> {
    let channel = text(input, "channel")?;
    if !CHANNELS.contains(&channel) {
        return Err(wrong("channel", format!("expected one of {}", CHANNELS.join(", "))));
    }
    let slots = texts(input, "slots")?;
    let activation = (channel == "online_marketing").then_some(ACTIVATION_SLOT);
    let required = INSTALL_SLOTS.into_iter().chain(activation).map(|slot| (slot, 1));
    let photos = install_photo_completeness(required, |slot| slots.iter().filter(|held| *held == slot).count());
    Ok(json!({ "required": photos.required, "missing": photos.missing, "may_submit": photos.missing.is_empty() }))
}
