//! Exact fractions: quotients that are added and multiplied before they are rounded once (GEN-06).
//!
//! Nothing here panics: what does not fit an `i128` is an error.

use crate::decimal::{Decimal, DecimalError};

/// An exact fraction in lowest terms, its denominator above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl From<Decimal> for Fraction {
    fn from(value: Decimal) -> Self {
        let (numerator, denominator) = value.parts();
        // A power of ten is neither zero nor out of range.
        Self::new(numerator, denominator).unwrap_or(Self { numerator, denominator })
    }
}

impl Fraction {
    /// Zero, the sum of nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// `numerator / denominator`.
    ///
    /// # Errors
    /// [`DecimalError::ZeroDivisor`]; [`DecimalError::Overflow`] for the least `i128`.
    pub fn new(numerator: i128, denominator: i128) -> Result<Self, DecimalError> {
        if denominator == 0 {
            return Err(DecimalError::ZeroDivisor);
        }
        let common = common_divisor(numerator, denominator)?;
        let common = if denominator < 0 { -common } else { common };
        let part = |value: i128| value.checked_div(common).ok_or(DecimalError::Overflow);
        Ok(Self { numerator: part(numerator)?, denominator: part(denominator)? })
    }

    /// Adds exactly.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, DecimalError> {
        let common = common_divisor(self.denominator, other.denominator)?;
        let (ours, theirs) = (self.denominator / common, other.denominator / common);
        let left = product(self.numerator, theirs)?;
        let sum = left.checked_add(product(other.numerator, ours)?).ok_or(DecimalError::Overflow)?;
        Self::new(sum, product(self.denominator, theirs)?)
    }

    /// Subtracts exactly.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, DecimalError> {
        let numerator = other.numerator.checked_neg().ok_or(DecimalError::Overflow)?;
        self.plus(Self { numerator, denominator: other.denominator })
    }

    /// Multiplies exactly.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`].
    pub fn times(self, other: Self) -> Result<Self, DecimalError> {
        // Crosswise in lowest terms first, so that only results that really are too long overflow.
        let first = Self::new(self.numerator, other.denominator)?;
        let second = Self::new(other.numerator, self.denominator)?;
        Ok(Self {
            numerator: product(first.numerator, second.numerator)?,
            denominator: product(first.denominator, second.denominator)?,
        })
    }

    /// Divides exactly.
    ///
    /// # Errors
    /// [`DecimalError::ZeroDivisor`]; [`DecimalError::Overflow`].
    pub fn over(self, divisor: Self) -> Result<Self, DecimalError> {
        self.times(Self::new(divisor.denominator, divisor.numerator)?)
    }

    /// The arithmetic mean; `None` of no values (GEN-07).
    ///
    /// # Errors
    /// [`DecimalError::Overflow`].
    pub fn mean(values: &[Decimal]) -> Result<Option<Self>, DecimalError> {
        let count = i128::try_from(values.len()).map_err(|_too_many| DecimalError::Overflow)?;
        if count == 0 {
            return Ok(None);
        }
        let sum = values.iter().try_fold(Decimal::ZERO, |sum, value| sum.plus(*value))?;
        Self::from(sum).times(Self::new(1, count)?).map(Some)
    }

    /// Whether the value is `other` or more, compared exactly.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`].
    pub fn is_at_least(self, other: Self) -> Result<bool, DecimalError> {
        Ok(self.minus(other)?.numerator >= 0)
    }

    /// Rounds half up to `digits` after the point, a tie away from zero (GEN-06).
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] if it does not fit.
    pub fn rounded(self, digits: u32) -> Result<Decimal, DecimalError> {
        Decimal::whole(self.numerator).divided_by(Decimal::whole(self.denominator), digits)
    }
}

fn product(a: i128, b: i128) -> Result<i128, DecimalError> {
    a.checked_mul(b).ok_or(DecimalError::Overflow)
}

/// The greatest common divisor, above zero unless both are zero.
fn common_divisor(a: i128, b: i128) -> Result<i128, DecimalError> {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    i128::try_from(a).map_err(|_too_large| DecimalError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(numerator: i128, denominator: i128) -> Fraction {
        Fraction::new(numerator, denominator).unwrap()
    }

    #[test]
    fn fractions_are_kept_in_lowest_terms() {
        assert_eq!(f(6, -8), f(-3, 4));
        assert_eq!(f(0, -5), Fraction::ZERO);
        assert_eq!(Fraction::from("0.150".parse::<Decimal>().unwrap()), f(3, 20));
        assert_eq!(Fraction::new(1, 0), Err(DecimalError::ZeroDivisor));
        assert_eq!(Fraction::new(i128::MIN, i128::MIN), Err(DecimalError::Overflow));
    }

    #[test]
    fn arithmetic_is_exact_and_rounds_once() {
        assert_eq!(f(1, 3).plus(f(1, 6)), Ok(f(1, 2)));
        assert_eq!(f(1, 3).minus(f(1, 2)), Ok(f(-1, 6)));
        assert_eq!(f(2, 3).times(f(3, 4)), Ok(f(1, 2)));
        assert_eq!(f(2, 3).over(f(-4, 3)), Ok(f(-1, 2)));
        assert_eq!(f(2, 3).over(Fraction::ZERO), Err(DecimalError::ZeroDivisor));
        // A third of 0.015 is 0.005: a mean rounded first would have lost it.
        let rounded = |value: Fraction| value.rounded(2).unwrap().to_string();
        assert_eq!(rounded(f(1, 200)), "0.01");
        assert_eq!(rounded(f(-1, 200)), "-0.01");
        assert_eq!(rounded(f(-1, 201)), "0.00");
        assert!(f(2, 3).is_at_least(f(4, 6)).unwrap());
        assert!(!f(-2, 3).is_at_least(f(-1, 3)).unwrap());
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(f(i128::MAX, 1).plus(f(1, 1)), Err(DecimalError::Overflow));
        assert_eq!(f(i128::MAX, 2).times(f(i128::MAX, 3)), Err(DecimalError::Overflow));
        assert_eq!(f(i128::MAX, 3).times(f(3, i128::MAX)), Ok(f(1, 1)));
        assert_eq!(f(i128::MAX, 1).rounded(2), Err(DecimalError::Overflow));
    }

    #[test]
    fn a_mean_of_nothing_is_nothing() {
        let d = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(Fraction::mean(&[]), Ok(None));
        assert_eq!(Fraction::mean(&[d("1"), d("2.5"), d("0")]), Ok(Some(f(7, 6))));
    }
}
