//! The limits that numbers of a photo are compared with, as long as the policy says nothing else.
//!
//! Owns the keys of the policy and the start values. They were found on drawn photos with camera noise: photos of real
//! phones are smoother and score lower on sharpness, so they warn only, until they are fitted to decisions of reviewers.

/// One limit: its key among the parameters of the policy, and its start value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// The key in the policy's parameters.
    pub key: &'static str,
    /// The start value, in the unit that the constant names.
    pub start: u32,
}

/// Below this sharpness a photo is called blurred.
///
/// # Units
/// Variance of the Laplacian in the 90th percentile of the tiles; see
/// [`Quality::sharpness_p90_c`](super::quality::Quality::sharpness_p90_c), which is in hundredths of it.
/// # Source
/// Photo measurements: originals 112 to 626, blurred by two pixels 14 to 73.
pub const SHARP_WARN: Threshold = Threshold { key: "photo_sharp_warn", start: 50 };

/// Below this sharpness a photo is worth taking again.
///
/// # Units
/// As [`SHARP_WARN`].
/// # Source
/// Photo measurements: blurred by four pixels 4 to 12.
pub const SHARP_RETAKE: Threshold = Threshold { key: "photo_sharp_retake", start: 15 };

/// Below this mean brightness a photo is called dark.
///
/// # Units
/// Luma, 0 to 255.
/// # Source
/// Photo measurements: originals 100 to 173, darkened to an eighth 11 to 20.
pub const DARK_WARN: Threshold = Threshold { key: "photo_dark_warn", start: 40 };

/// Below this mean brightness a photo is worth taking again.
///
/// # Units
/// Luma, 0 to 255.
/// # Source
/// As [`DARK_WARN`].
pub const DARK_RETAKE: Threshold = Threshold { key: "photo_dark_retake", start: 22 };

/// Above this share of burnt-out dots a photo is called over-exposed.
///
/// # Units
/// Thousandths of all dots.
/// # Source
/// Photo measurements: originals below 10, over-exposed ones 680 to 990.
pub const BRIGHT: Threshold = Threshold { key: "photo_bright_permille", start: 350 };

/// Up to this distance two prints are of one photo, as good as certainly.
///
/// # Units
/// Bits of 256.
/// # Source
/// Photo measurements, and what the makers of the print's model call a confident match.
pub const REUSE_STRONG: Threshold = Threshold { key: "photo_reuse_strong_bits", start: 31 };

/// Up to this distance two prints are probably of one photo.
///
/// # Units
/// Bits of 256.
/// # Source
/// Photo measurements: different photos were at least 82 apart, re-used ones with a crop of 3 % at most 48.
pub const REUSE_PROBABLE: Threshold = Threshold { key: "photo_reuse_probable_bits", start: 48 };

/// Below this detail a picture is a plain wall or a black frame, and its print says nothing.
///
/// # Units
/// Hundredths of the mean step between neighbours of a picture of 64 by 64 dots.
/// # Source
/// Start value by judgement; a drawn room has several hundred.
pub const MIN_DETAIL: Threshold = Threshold { key: "photo_min_detail", start: 200 };
