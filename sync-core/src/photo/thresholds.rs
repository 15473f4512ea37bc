//! The limits that numbers of a photo are compared with, as long as the policy says nothing else.
//!
//! Start values, bounds and units stand in the table of keys (`policy/table/photos.rs`); photos compare with whole numbers
//! of 32 bits.

use std::collections::BTreeMap;

use crate::policy::{Key, Whole, keys};

/// One limit: its key among the parameters of the policy, its start value, and between what it may be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// The key in the policy's parameters.
    pub key: &'static str,
    /// The start value, in the unit that the constant names.
    pub start: u32,
    /// The least value that a policy may set.
    pub min: u32,
    /// The greatest value that a policy may set.
    pub max: u32,
}

impl Threshold {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::as_conversions,
        reason = "constants have no fallible conversion; that every bound fits is tested below"
    )]
    const fn of_key(Key { name, kind }: Key<Whole>) -> Self {
        Self { key: name, start: kind.default as u32, min: kind.least as u32, max: kind.most as u32 }
    }

    /// What a policy says; the start value where it says nothing, no whole number, or one out of bounds: a slip in a
    /// policy must neither accuse everybody nor blind the review.
    #[must_use]
    pub fn of(&self, parameters: &BTreeMap<String, String>) -> u32 {
        let said = parameters.get(self.key).and_then(|text| text.parse().ok());
        said.filter(|said| (self.min..=self.max).contains(said)).unwrap_or(self.start)
    }

    /// As [`Threshold::of`], minutes as milliseconds.
    #[must_use]
    pub fn minutes_ms(&self, parameters: &BTreeMap<String, String>) -> i64 {
        i64::from(self.of(parameters)) * 60_000
    }
}

/// All of them.
pub const ALL: [Threshold; 14] = [
    SHARP_WARN,
    SHARP_RETAKE,
    DARK_WARN,
    DARK_RETAKE,
    BRIGHT,
    REUSE_STRONG,
    REUSE_PROBABLE,
    REUSE_WEAK,
    MIN_DETAIL,
    BURST_MINUTES,
    WINDOW_MINUTES,
    FAR_M,
    ACCURACY_M,
    CLOCK_SKEW_MINUTES,
];

/// Below it a photo is called blurred; see
/// [`Quality::sharpness_p90_c`](super::quality::Quality::sharpness_p90_c), which is in hundredths of it.
pub const SHARP_WARN: Threshold = Threshold::of_key(keys::PHOTO_SHARP_WARN);

/// Sharpness below which a photo is worth taking again.
pub const SHARP_RETAKE: Threshold = Threshold::of_key(keys::PHOTO_SHARP_RETAKE);

/// Mean brightness below which a photo is called dark.
pub const DARK_WARN: Threshold = Threshold::of_key(keys::PHOTO_DARK_WARN);

/// Mean brightness below which a photo is worth taking again.
pub const DARK_RETAKE: Threshold = Threshold::of_key(keys::PHOTO_DARK_RETAKE);

/// Share of burnt-out dots above which a photo is called over-exposed.
pub const BRIGHT: Threshold = Threshold::of_key(keys::PHOTO_BRIGHT);

/// Distance up to which two prints are of one photo, as good as certainly.
pub const REUSE_STRONG: Threshold = Threshold::of_key(keys::PHOTO_REUSE_STRONG);

/// Distance up to which two prints are probably of one photo.
pub const REUSE_PROBABLE: Threshold = Threshold::of_key(keys::PHOTO_REUSE_PROBABLE);

/// Distance up to which two prints may be of one photo, if something else speaks for it.
pub const REUSE_WEAK: Threshold = Threshold::of_key(keys::PHOTO_REUSE_WEAK);

/// Detail below which a picture is a plain wall or a black frame, and its print says nothing.
pub const MIN_DETAIL: Threshold = Threshold::of_key(keys::PHOTO_MIN_DETAIL);

/// Time within which photos of one phone at one site are of one piece of work.
pub const BURST_MINUTES: Threshold = Threshold::of_key(keys::PHOTO_BURST);

/// Time before and after a visit in which its photos may be taken.
pub const WINDOW_MINUTES: Threshold = Threshold::of_key(keys::PHOTO_WINDOW);

/// Distance from the site, beside the accuracy of both positions, at which a photo may be taken.
pub const FAR_M: Threshold = Threshold::of_key(keys::PHOTO_FAR);

/// Accuracy of a position that counts as one.
pub const ACCURACY_M: Threshold = Threshold::of_key(keys::PHOTO_ACCURACY);

/// How far a phone's clock may be from the server's, or from what its other records prove.
pub const CLOCK_SKEW_MINUTES: Threshold = Threshold::of_key(keys::CLOCK_SKEW);

/// The most that two prints may differ and be told from chance, whatever a policy says.
///
/// # Units
/// Bits of 256.
/// # Source
/// Photo measurements: different photos were at least 82 apart.
pub const MOST_BITS: u32 = REUSE_WEAK.max;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_sets_a_limit_within_its_bounds_and_no_other() {
        let policy = |text: &str| BTreeMap::from([(FAR_M.key.to_owned(), text.to_owned())]);
        assert_eq!(FAR_M.of(&BTreeMap::new()), 250);
        for (text, expected) in
            [("400", 400), ("20", 20), ("19", 250), ("100000", 100_000), ("100001", 250), ("-1", 250), ("4.5", 250)]
        {
            assert_eq!(FAR_M.of(&policy(text)), expected, "{text}");
        }
        assert_eq!(WINDOW_MINUTES.minutes_ms(&BTreeMap::new()), 900_000);
    }

    #[test]
    fn every_start_value_is_within_its_bounds_and_every_key_stands_once() {
        let keys: std::collections::BTreeSet<&str> = ALL.iter().map(|one| one.key).collect();
        assert_eq!(keys.len(), ALL.len());
        for one in ALL {
            assert!((one.min..=one.max).contains(&one.start), "{}", one.key);
            let bounds = crate::policy::parameter(one.key).unwrap().kind.bounds().unwrap();
            let whole = |bound: u32| crate::decimal::Decimal::from_int(bound.into());
            assert_eq!(bounds, (whole(one.min), whole(one.max)), "{}", one.key);
        }
    }
}
