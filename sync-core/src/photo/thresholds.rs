//! The limits that numbers of a photo are compared with, as long as the policy says nothing else.
//!
//! Owns the keys of the policy, the start values and their bounds. They were found on drawn photos with camera noise:
//! photos of real phones are smoother and score lower on sharpness, so they warn only, until they are fitted to decisions
//! of reviewers.

use std::collections::BTreeMap;

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
    const fn new(key: &'static str, start: u32, (min, max): (u32, u32)) -> Self {
        Self { key, start, min, max }
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

/// Below this sharpness a photo is called blurred.
///
/// # Units
/// Variance of the Laplacian in the 90th percentile of the tiles; see
/// [`Quality::sharpness_p90_c`](super::quality::Quality::sharpness_p90_c), which is in hundredths of it.
/// # Source
/// Photo measurements: originals 112 to 626, blurred by two pixels 14 to 73.
pub const SHARP_WARN: Threshold = Threshold::new("photo_sharp_warn", 50, (0, 1000));

/// Below this sharpness a photo is worth taking again.
///
/// # Units
/// As [`SHARP_WARN`].
/// # Source
/// Photo measurements: blurred by four pixels 4 to 12.
pub const SHARP_RETAKE: Threshold = Threshold::new("photo_sharp_retake", 15, (0, 1000));

/// Below this mean brightness a photo is called dark.
///
/// # Units
/// Luma, 0 to 255.
/// # Source
/// Photo measurements: originals 100 to 173, darkened to an eighth 11 to 20.
pub const DARK_WARN: Threshold = Threshold::new("photo_dark_warn", 40, (0, 255));

/// Below this mean brightness a photo is worth taking again.
///
/// # Units
/// Luma, 0 to 255.
/// # Source
/// As [`DARK_WARN`].
pub const DARK_RETAKE: Threshold = Threshold::new("photo_dark_retake", 22, (0, 255));

/// Above this share of burnt-out dots a photo is called over-exposed.
///
/// # Units
/// Thousandths of all dots.
/// # Source
/// Photo measurements: originals below 10, over-exposed ones 680 to 990.
pub const BRIGHT: Threshold = Threshold::new("photo_bright_permille", 350, (1, 1000));

/// Up to this distance two prints are of one photo, as good as certainly.
///
/// # Units
/// Bits of 256.
/// # Source
/// Photo measurements, and what the makers of the print's model call a confident match.
pub const REUSE_STRONG: Threshold = Threshold::new("photo_reuse_strong_bits", 31, (0, 60));

/// Up to this distance two prints are probably of one photo.
///
/// # Units
/// Bits of 256.
/// # Source
/// Photo measurements: different photos were at least 82 apart, re-used ones with a crop of 3 % at most 48.
pub const REUSE_PROBABLE: Threshold = Threshold::new("photo_reuse_probable_bits", 48, (0, 60));

/// Below this detail a picture is a plain wall or a black frame, and its print says nothing.
///
/// # Units
/// Hundredths of the mean step between neighbours of a picture of 64 by 64 dots.
/// # Source
/// Start value by judgement; a drawn room has several hundred.
pub const MIN_DETAIL: Threshold = Threshold::new("photo_min_detail", 200, (200, 5000));

/// Up to this distance two prints may be of one photo, if something else speaks for it.
///
/// # Units
/// Bits of 256.
/// # Source
/// Photo measurements: 97.6 % of re-used photos, and different ones at least 82 apart.
pub const REUSE_WEAK: Threshold = Threshold::new("photo_reuse_weak_bits", 60, (0, MOST_BITS));

/// The most that two prints may differ and be told from chance, whatever a policy says.
///
/// # Units
/// Bits of 256.
/// # Source
/// Photo measurements: different photos were at least 82 apart.
pub const MOST_BITS: u32 = 72;

/// Photos of one phone at one site within this time are of one piece of work.
///
/// # Units
/// Minutes.
/// # Source
/// Photo measurements, rule 4: bursts are expected.
pub const BURST_MINUTES: Threshold = Threshold::new("photo_burst_minutes", 10, (0, 240));

/// So long before and after a visit its photos may be taken.
///
/// # Units
/// Minutes.
/// # Source
/// Photo measurements, rule 5: "outside the visit by > 15 min".
pub const WINDOW_MINUTES: Threshold = Threshold::new("photo_window_minutes", 15, (0, 1440));

/// So far from the site, beside the accuracy of both positions, a photo may be taken.
///
/// # Units
/// Metres.
/// # Source
/// Photo measurements, rule 5: "GPS > 250 m + accuracy from the site"; INS-54 proposes 200 m for the duty place.
pub const FAR_M: Threshold = Threshold::new("photo_far_m", 250, (20, 100_000));

/// A position less accurate than this is none.
///
/// # Units
/// Metres.
/// # Source
/// Start value by judgement: a phone without satellites knows its radio cell, a few hundred metres in a town.
pub const ACCURACY_M: Threshold = Threshold::new("photo_accuracy_m", 1000, (20, 10_000));

/// So far a phone's clock may be from the server's, or from what its other records prove.
///
/// # Units
/// Minutes.
/// # Source
/// GEN-10: "skew above 5 minutes raises a review flag".
pub const CLOCK_SKEW_MINUTES: Threshold = Threshold::new("clock_skew_minutes", 5, (1, 1440));

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
        }
    }
}
