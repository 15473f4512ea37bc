//! Shares of a whole: two counts, four decimals, "no data" without a denominator.

use serde_json::Value;

use super::FormulaError;
use super::input::{Input, part_of};
use crate::decimal::Decimal;

/// Decimals of a ratio.
///
/// # Source
/// GEN-06.
pub const RATIO_DIGITS: u32 = 4;

/// Decimals of a score.
///
/// # Source
/// GEN-06.
pub const SCORE_DIGITS: u32 = 2;

/// `part ÷ whole` with four decimals; `None` without a denominator.
///
/// # Source
/// GEN-06, GEN-07.
// Rule: GEN-07
#[must_use]
pub fn share(part: u64, whole: u64) -> Option<Decimal> {
    // Two 64-bit counts always fit, so the only failure is the zero denominator.
    Decimal::whole(part.into()).divided_by(Decimal::whole(whole.into()), RATIO_DIGITS).ok()
}

/// Reads the counts `part` and `whole`, of which the first is contained in the second.
pub(super) fn part_and_whole(input: &Input<'_>, part: &str, whole: &str) -> Result<(u64, u64), FormulaError> {
    let total = input.get(whole)?.count()?;
    Ok((part_of(&input.get(part)?, total, whole)?, total))
}

/// A share read and shown, for formulas that are nothing else.
pub(super) fn shown_share(input: &Input<'_>, part: &str, whole: &str) -> Result<Value, FormulaError> {
    let (part, whole) = part_and_whole(input, part, whole)?;
    Ok(super::input::show(share(part, whole)))
}
