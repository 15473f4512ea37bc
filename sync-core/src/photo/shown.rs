//! What can be seen on a photo, and whether anything can.

use std::collections::BTreeMap;

use super::finding::{Finding, FindingCode, Level};
use super::quality::Quality;
use super::thresholds::{BRIGHT, DARK_RETAKE, DARK_WARN, SHARP_RETAKE, SHARP_WARN};

/// What the server made of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// It was measured.
    Measured(Quality),
    /// Nothing can be shown, for a reason with this code.
    Nothing(String),
    /// It has copies, and was not measured.
    Unmeasured,
}

/// The reason why a camera's own format has no preview.
const FORMAT: &str = "format";

/// What is to be said of how a photo looks, by the policy's `photo_sharp_*`, `photo_dark_*` and
/// `photo_bright_permille`.
#[must_use]
pub fn findings(shown: &Shown, parameters: &BTreeMap<String, String>) -> Vec<Finding> {
    match shown {
        Shown::Unmeasured => Vec::new(),
        Shown::Nothing(reason) => {
            // Honest phones send formats that are stored only; nobody's camera writes a file that cannot be read.
            let level = if reason == FORMAT { Level::Hint } else { Level::Warning };
            vec![Finding::new(FindingCode::NoPreview, level).with("reason", reason.as_str())]
        }
        Shown::Measured(quality) => measured(quality, parameters),
    }
}

fn measured(quality: &Quality, parameters: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut found = Vec::new();
    let below = |value_c: u64, limit: u32| value_c < u64::from(limit) * 100;
    let [dark_warn, dark_retake] = [DARK_WARN, DARK_RETAKE].map(|limit| limit.of(parameters));
    let is_dark = below(quality.mean_luma_c, dark_warn);
    if is_dark {
        let level = if below(quality.mean_luma_c, dark_retake) { Level::Warning } else { Level::Hint };
        let finding = Finding::new(FindingCode::TooDark, level);
        found.push(finding.with("mean_luma_c", quality.mean_luma_c).with("limit", dark_warn));
    }
    let bright = BRIGHT.of(parameters);
    if quality.bright_permille > u64::from(bright) {
        let finding = Finding::new(FindingCode::OverExposed, Level::Warning);
        found.push(finding.with("bright_permille", quality.bright_permille).with("limit", bright));
    }
    let [sharp_warn, sharp_retake] = [SHARP_WARN, SHARP_RETAKE].map(|limit| limit.of(parameters));
    // Nothing is sharp in the dark: that is said once.
    if !is_dark && below(quality.sharpness_p90_c, sharp_warn) {
        let level = if below(quality.sharpness_p90_c, sharp_retake) { Level::Warning } else { Level::Hint };
        let finding = Finding::new(FindingCode::Blurred, level);
        found.push(finding.with("sharpness_p90_c", quality.sharpness_p90_c).with("limit", sharp_warn));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(quality: Quality) -> Vec<(FindingCode, Level)> {
        let found = findings(&Shown::Measured(quality), &BTreeMap::new());
        found.into_iter().map(|one| (one.code, one.level)).collect()
    }

    fn good() -> Quality {
        Quality { sharpness_p90_c: 20_000, sharpness_all_c: 10_000, mean_luma_c: 12_000, ..Quality::default() }
    }

    #[test]
    fn each_limit_is_met_exactly() {
        use FindingCode::{Blurred, OverExposed, TooDark};
        assert_eq!(said(good()), []);
        let sharp = |sharpness_p90_c| said(Quality { sharpness_p90_c, ..good() });
        assert_eq!(sharp(5000), []);
        assert_eq!(sharp(4999), [(Blurred, Level::Hint)]);
        assert_eq!(sharp(1499), [(Blurred, Level::Warning)]);
        let bright = |bright_permille| said(Quality { bright_permille, ..good() });
        assert_eq!((bright(350), bright(351)), (vec![], vec![(OverExposed, Level::Warning)]));
        let dark = |mean_luma_c| said(Quality { mean_luma_c, sharpness_p90_c: 0, ..good() });
        assert_eq!(dark(4000), [(Blurred, Level::Warning)]);
        assert_eq!(dark(3999), [(TooDark, Level::Hint)], "nothing is sharp in the dark");
        assert_eq!(dark(2199), [(TooDark, Level::Warning)]);
    }

    #[test]
    fn a_format_that_is_stored_only_is_a_hint_and_a_broken_file_a_warning() {
        let said = |reason: &str| findings(&Shown::Nothing(reason.to_owned()), &BTreeMap::new());
        assert_eq!(said("format").first().map(|one| one.level), Some(Level::Hint));
        let broken = said("damaged");
        assert_eq!(broken.first().map(|one| (one.code, one.level)), Some((FindingCode::NoPreview, Level::Warning)));
        assert_eq!(findings(&Shown::Unmeasured, &BTreeMap::new()), []);
    }
}
