//! Exact decimals: the decimal strings of design section 13 as numbers.
//!
//! Owns parsing, comparison and the little arithmetic rules need. No binary float takes part
//! (GEN-05), and nothing here panics: what does not fit is an error.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Most digits before or after the point that a decimal string may have.
///
/// # Source
/// Chosen here: two such numbers multiply within an `i128`, and no reading or amount is longer.
const MAX_DIGITS: usize = 18;

/// Largest scale an intermediate result may have; ten to this power fits an `i128`.
const MAX_SCALE: u32 = 38;

/// Why text is no decimal, or a result does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// The text does not follow `-?(0|[1-9][0-9]*)(\.[0-9]+)?`.
    #[error("expected an exact decimal such as -18.30")]
    Syntax,
    /// More digits than any reading has.
    #[error("more than 18 digits before or after the point")]
    TooLong,
    /// A result does not fit.
    #[error("the result does not fit")]
    Overflow,
    /// Division by zero.
    #[error("division by zero")]
    ZeroDivisor,
}

/// An exact decimal: `mantissa / 10^scale`.
///
/// Comparison is by value: `1.0` equals `1.00`.
// Rule: GEN-05
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    /// A whole number.
    #[must_use]
    pub fn from_int(value: i64) -> Self {
        Self { mantissa: i128::from(value), scale: 0 }
    }

    /// A number of the norms as the code writes it: `written(60, 2)` is 0.60.
    pub(crate) const fn written(mantissa: i128, scale: u32) -> Self {
        Self { mantissa, scale }
    }

    /// A whole number of any size, for sums of amounts.
    pub(crate) const fn whole(value: i128) -> Self {
        Self { mantissa: value, scale: 0 }
    }

    /// Numerator and denominator of the value; the denominator is a power of ten.
    pub(crate) fn parts(self) -> (i128, i128) {
        (self.mantissa, 10i128.pow(self.scale))
    }

    /// `mantissa / 10^scale`, for values counted in hundredths or thousandths.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] for a scale above 38.
    pub fn from_parts(mantissa: i64, scale: u32) -> Result<Self, DecimalError> {
        if scale > MAX_SCALE {
            return Err(DecimalError::Overflow);
        }
        Ok(Self { mantissa: i128::from(mantissa), scale })
    }

    /// Digits after the point, as written.
    #[must_use]
    pub const fn scale(&self) -> u32 {
        self.scale
    }

    /// Adds exactly.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] if the sum has too many digits.
    pub fn plus(self, other: Self) -> Result<Self, DecimalError> {
        let scale = self.scale.max(other.scale);
        let (a, b) = (scaled(self.mantissa, scale - self.scale)?, scaled(other.mantissa, scale - other.scale)?);
        Ok(Self { mantissa: a.checked_add(b).ok_or(DecimalError::Overflow)?, scale })
    }

    /// Subtracts exactly.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] if the difference has too many digits.
    pub fn minus(self, other: Self) -> Result<Self, DecimalError> {
        let mantissa = other.mantissa.checked_neg().ok_or(DecimalError::Overflow)?;
        self.plus(Self { mantissa, scale: other.scale })
    }

    /// Multiplies exactly.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] if the product has too many digits.
    pub fn times(self, other: Self) -> Result<Self, DecimalError> {
        let scale = self.scale + other.scale;
        let mantissa = self.mantissa.checked_mul(other.mantissa).ok_or(DecimalError::Overflow)?;
        if scale > MAX_SCALE { Err(DecimalError::Overflow) } else { Ok(Self { mantissa, scale }) }
    }

    /// Divides, rounding half up once to `digits` after the point (GEN-06).
    ///
    /// # Errors
    /// [`DecimalError::ZeroDivisor`]; [`DecimalError::Overflow`] if an intermediate does not fit.
    pub fn divided_by(self, divisor: Self, digits: u32) -> Result<Self, DecimalError> {
        if divisor.mantissa == 0 {
            return Err(DecimalError::ZeroDivisor);
        }
        if digits > MAX_SCALE {
            return Err(DecimalError::Overflow);
        }
        let up = digits + divisor.scale;
        let (numerator, denominator) = if up >= self.scale {
            (scaled(self.mantissa, up - self.scale)?, divisor.mantissa)
        } else {
            (self.mantissa, scaled(divisor.mantissa, self.scale - up)?)
        };
        Ok(Self { mantissa: divide_half_up(numerator, denominator)?, scale: digits })
    }

    /// Rounds half up to `digits` after the point, or pads with zeros.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] if padding does not fit.
    // Rule: GEN-06
    pub fn rounded(self, digits: u32) -> Result<Self, DecimalError> {
        if digits > MAX_SCALE {
            return Err(DecimalError::Overflow);
        }
        if digits >= self.scale {
            return Ok(Self { mantissa: scaled(self.mantissa, digits - self.scale)?, scale: digits });
        }
        let divisor = scaled(1, self.scale - digits)?;
        Ok(Self { mantissa: divide_half_up(self.mantissa, divisor)?, scale: digits })
    }

    /// The value in units of `10^-digits`, rounded half up: -18.30 at 2 digits is -1830.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] if it does not fit an `i64`.
    pub fn to_units(self, digits: u32) -> Result<i64, DecimalError> {
        i64::try_from(self.rounded(digits)?.mantissa).map_err(|_too_large| DecimalError::Overflow)
    }

    /// Whole and fractional part at `MAX_SCALE`, both with the sign of the number: they order the value.
    fn order_key(&self) -> (i128, i128) {
        let unit = 10i128.pow(self.scale);
        let fraction = (self.mantissa % unit) * 10i128.pow(MAX_SCALE - self.scale);
        (self.mantissa / unit, fraction)
    }
}

/// `value × 10^digits`, checked.
fn scaled(value: i128, digits: u32) -> Result<i128, DecimalError> {
    if digits > MAX_SCALE {
        return Err(DecimalError::Overflow);
    }
    value.checked_mul(10i128.pow(digits)).ok_or(DecimalError::Overflow)
}

/// Divides rounding to nearest, a tie away from zero (half up by amount).
fn divide_half_up(numerator: i128, denominator: i128) -> Result<i128, DecimalError> {
    let quotient = numerator.checked_div(denominator).ok_or(DecimalError::Overflow)?;
    let rest = numerator.checked_rem(denominator).ok_or(DecimalError::Overflow)?;
    let (rest, whole) = (rest.unsigned_abs(), denominator.unsigned_abs());
    // `rest >= whole - rest` is `2 × rest >= whole` without overflow.
    if rest >= whole - rest {
        let step = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
        return quotient.checked_add(step).ok_or(DecimalError::Overflow);
    }
    Ok(quotient)
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order_key().cmp(&other.order_key())
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(DecimalError::Syntax),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !all_digits(whole)
            || !all_digits(fraction)
            || (whole.len() > 1 && whole.starts_with('0'))
        {
            return Err(DecimalError::Syntax);
        }
        if whole.len() > MAX_DIGITS || fraction.len() > MAX_DIGITS {
            return Err(DecimalError::TooLong);
        }
        let magnitude: i128 = format!("{whole}{fraction}").parse().map_err(|_too_large| DecimalError::TooLong)?;
        let mantissa = if text.starts_with('-') { -magnitude } else { magnitude };
        let scale = u32::try_from(fraction.len()).map_err(|_too_large| DecimalError::TooLong)?;
        Ok(Self { mantissa, scale })
    }
}

/// Writes every digit of the scale; zero never carries a sign.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let unit = 10u128.pow(self.scale);
        let magnitude = self.mantissa.unsigned_abs();
        if self.scale == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let width = usize::try_from(self.scale).unwrap_or(0);
        write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().expect(text)
    }

    #[test]
    fn only_the_grammar_of_the_contract_is_a_decimal() {
        for good in ["0", "-0", "-25.00", "512.4", "0.000", "999999999999999999.999999999999999999"] {
            assert!(good.parse::<Decimal>().is_ok(), "{good}");
        }
        for bad in ["", "-", ".5", "5.", "05", "-05.1", "+1", "1e3", "1,5", "1.2.3", " 1", "١", "--1", "1.-2", "NaN"] {
            assert_eq!(bad.parse::<Decimal>(), Err(DecimalError::Syntax), "{bad}");
        }
        assert_eq!("1000000000000000000".parse::<Decimal>(), Err(DecimalError::TooLong));
        assert_eq!("0.0000000000000000001".parse::<Decimal>(), Err(DecimalError::TooLong));
    }

    #[test]
    fn values_compare_whatever_their_scale() {
        assert_eq!(d("1.0"), d("1.00"));
        assert_eq!(d("-0"), d("0.00"));
        assert!(d("-25.00") < d("-24.999"));
        assert!(d("-0.5") < d("0.3"));
        assert!(d("-1.5") < d("-1.2"));
        assert!(d("999999999999999999.9") > d("999999999999999999.899999999999999999"));
        let product = d("999999999999999999").times(d("999999999999999999"));
        assert!(product.is_ok_and(|product| product > d("0.000000000000000001")));
    }

    // Rule: GEN-06
    #[test]
    fn division_rounds_half_up_once() {
        let quotient = |a: &str, b: &str, n| d(a).divided_by(d(b), n).map(|q| q.to_string());
        assert_eq!(quotient("512.4", "500", 4), Ok("1.0248".into()));
        assert_eq!(quotient("1", "8", 2), Ok("0.13".into()));
        assert_eq!(quotient("-1", "8", 2), Ok("-0.13".into()));
        assert_eq!(quotient("0.1249", "1", 2), Ok("0.12".into()));
        assert_eq!(quotient("2", "3", 0), Ok("1".into()));
        assert_eq!(quotient("-0.001", "1", 2), Ok("0.00".into()));
        assert_eq!(quotient("1", "0.00", 2), Err(DecimalError::ZeroDivisor));
        assert_eq!(quotient("999999999999999999", "0.000000000000000001", 18), Err(DecimalError::Overflow));
    }

    #[test]
    fn units_and_rounding() {
        assert_eq!(d("-18.30").to_units(2), Ok(-1830));
        assert_eq!(d("-24.996").to_units(2), Ok(-2500));
        assert_eq!(d("7").rounded(2).map(|r| r.to_string()), Ok("7.00".into()));
        assert_eq!(d("2.345").rounded(2).map(|r| r.to_string()), Ok("2.35".into()));
        assert_eq!(d("1").rounded(39), Err(DecimalError::Overflow));
        assert_eq!(d("1").divided_by(d("3"), 39), Err(DecimalError::Overflow));
        assert_eq!(Decimal::from_parts(-1830, 2), Ok(d("-18.3")));
        assert_eq!(d("0.40").plus(d("0.6")), Ok(d("1")));
        assert_eq!(d("14.5").minus(d("16.60")).map(|rest| rest.to_string()), Ok("-2.10".into()));
        assert_eq!(d("0.90").times(d("500")).map(|p| p.to_string()), Ok("450.00".into()));
    }
}
