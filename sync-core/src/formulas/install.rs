//! F-04 to F-07: optical power, speed, the four line-test elements, the install photos.

use serde_json::{Value, json};

use super::FormulaError;
use super::codes::coded;
use super::input::{Input, show};
use crate::decimal::{Decimal, DecimalError};
use crate::policy::keys;

/// Optical power that already fails, in dBm.
///
/// # Source
/// INS-22: better, that is greater, than -25 dBm; -25.00 itself fails.
pub const OPTICAL_FLOOR_DBM: Decimal = keys::OPTICAL_FLOOR.kind.default;

/// Photo slots every install needs, in template order.
///
/// # Source
/// INS-28 to INS-32.
const INSTALL_SLOTS: [&str; 4] = ["outdoor_route", "splitter_label", "ont_stb", "acceptance_form"];

/// The slot an order from online marketing needs too (INS-32).
const ACTIVATION_SLOT: &str = "activation_form";

coded! {
    /// Channel of a work order (rulebook 1.2).
    pub enum Channel {
        /// Service hotline.
        Hotline = "hotline",
        /// Shop.
        Store = "store",
        /// Web page.
        Web = "web",
        /// The customer's app.
        App = "app",
        /// Online marketing, which needs the activation form (INS-32).
        OnlineMarketing = "online_marketing",
        /// An external system on its own account.
        Integrator = "integrator",
    }
}

/// F-04: whether the received optical power passes; the comparison is exact.
#[must_use]
pub fn optical_power(dbm: Decimal) -> bool {
    dbm > OPTICAL_FLOOR_DBM
}

pub(super) fn run_optical_power(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input).get("dbm")?;
    let dbm = input.decimal()?;
    let centi_dbm = input.fits(dbm.to_units(2))?;
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
    let input = Input::root(input);
    let (measured, contracted) = (input.get("measured_mbps")?.amount()?, input.get("contracted_mbps")?.amount()?);
    let min_ratio = input.get("min_rate_ratio")?.amount()?;
    let ratio = match measured.divided_by(contracted, 4) {
        // GEN-07: no denominator, no data.
        Err(DecimalError::ZeroDivisor) => None,
        ratio => Some(input.get("measured_mbps")?.fits(ratio)?),
    };
    let pass = match ratio {
        None => None,
        Some(_) => Some(input.get("min_rate_ratio")?.fits(speed_test(measured, contracted, min_ratio))?),
    };
    Ok(json!({ "ratio": show(ratio), "pass": pass }))
}

/// F-06: the names of the elements that fail, in the order given; the test passes if there are none.
#[must_use]
pub fn line_test_four_elements<'a>(elements: &[(&'a str, bool)]) -> Vec<&'a str> {
    elements.iter().filter(|(_, passes)| !passes).map(|(name, _)| *name).collect()
}

pub(super) fn run_line_test(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let elements = ["resource_ok", "aaa_sync_ok", "optical_ok", "speed_ok"]
        .into_iter()
        .map(|name| Ok((name, input.get(name)?.boolean()?)))
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
    let input = Input::root(input);
    let channel: Channel = input.get("channel")?.code()?;
    let slots = input.get("slots")?.items()?.iter().map(Input::text).collect::<Result<Vec<_>, _>>()?;
    let activation = (channel == Channel::OnlineMarketing).then_some(ACTIVATION_SLOT);
    let required = INSTALL_SLOTS.into_iter().chain(activation).map(|slot| (slot, 1));
    let photos = install_photo_completeness(required, |slot| slots.iter().filter(|held| **held == slot).count());
    Ok(json!({ "required": photos.required, "missing": photos.missing, "may_submit": photos.missing.is_empty() }))
}
