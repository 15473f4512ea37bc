//! What the record of a photo says of how it was taken: from where, when and where.
//!
//! Owns the rules; [`super::record`] gathers what they read. The metadata of the file takes no part: whoever has the file
//! may have written it, and many phones leave it out.

use std::collections::BTreeMap;

use super::clock::{self, Witnesses};
use super::distance::{distance_m, is_position};
use super::finding::{Finding, FindingCode, Level, seconds};
use super::thresholds::{ACCURACY_M, FAR_M, WINDOW_MINUTES};
use crate::doc::record::Photo;
use crate::time::{Geo, UnixMillis};

/// How far two data of one place may lie apart, where positions are given by different ones.
///
/// # Units
/// Metres.
/// # Source
/// `gcj02` lies up to 700 m off `wgs84` within China, `bd09` up to 1.3 km off `gcj02`.
pub(crate) const DATUM_SLACK_M: i64 = 2_000;

/// When something was, and by how much that may be wrong; unbounded without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// On the server's clock, as well as the clocks tell.
    pub at: UnixMillis,
    /// Milliseconds.
    pub err_ms: Option<i64>,
}

/// When the crew was at work; open on a side where no event says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// When it set out or arrived.
    pub from: Option<Dated>,
    /// When it handed the visit in for the last time.
    pub until: Option<Dated>,
}

/// What is known of how a photo was taken.
#[derive(Debug, Clone)]
pub struct Capture<'a> {
    /// Its record.
    pub photo: &'a Photo,
    /// Whether its slot takes pictures from the gallery (GEN-12).
    pub allows_gallery: bool,
    /// When it was taken.
    pub taken: Dated,
    /// What is known of the clock that says so.
    pub clock: Witnesses<'a>,
    /// When the crew was at work.
    pub window: Window,
    /// Where the work was, if the office knows.
    pub site: Option<&'a Geo>,
}

/// What is to be said of how a photo was taken.
///
/// By the policy's `photo_window_minutes`, `photo_far_m`, `photo_accuracy_m` and `clock_skew_minutes`.
#[must_use]
pub fn findings(capture: &Capture<'_>, parameters: &BTreeMap<String, String>) -> Vec<Finding> {
    let clock = clock::finding(&capture.photo.taken_at, &capture.clock, parameters);
    // What the clock says counts for nothing where it cannot be believed at all.
    let outside = capture.photo.taken_at.is_plausible().then(|| outside_window(capture, parameters)).flatten();
    let found = source(capture).into_iter().chain(clock).chain(outside);
    found.chain(position(capture, parameters)).collect()
}

// Rule: GEN-12
fn source(capture: &Capture<'_>) -> Option<Finding> {
    let level = match capture.photo.source.as_str() {
        "camera" => return None,
        _ if capture.allows_gallery => Level::Hint,
        _ => Level::Warning,
    };
    let source = if capture.photo.source == "gallery" { "gallery" } else { "unknown" };
    Some(Finding::new(FindingCode::GallerySource, level).with("source", source))
}

fn outside_window(capture: &Capture<'_>, parameters: &BTreeMap<String, String>) -> Option<Finding> {
    let slack_ms = WINDOW_MINUTES.minutes_ms(parameters);
    let taken = capture.taken;
    let err = |bound: Dated| bound.err_ms.unwrap_or(0).saturating_add(taken.err_ms.unwrap_or(0));
    let before = capture.window.from.map(|from| (from, from.at.since_ms(taken.at)));
    let after = capture.window.until.map(|until| (until, taken.at.since_ms(until.at)));
    let mut sides = before.into_iter().chain(after);
    let past_ms = |(bound, by_ms): &(Dated, i64)| by_ms.saturating_sub(err(*bound));
    let (bound, by_ms) = sides.find(|side| past_ms(side) > slack_ms)?;
    let past_s = seconds(past_ms(&(bound, by_ms)));
    // Without bounds of the error it is what a phone believed, of which nobody knows how wrong it was.
    let is_proven = taken.err_ms.is_some() && bound.err_ms.is_some();
    let level = if is_proven { Level::Warning } else { Level::Hint };
    let side = if taken.at < bound.at { "before" } else { "after" };
    let found = Finding::new(FindingCode::OutsideVisitWindow, level);
    Some(found.with("side", side).with("by_min", by_ms / 60_000).with("past_s", past_s).with("is_proven", is_proven))
}

fn position(capture: &Capture<'_>, parameters: &BTreeMap<String, String>) -> Vec<Finding> {
    let Some(geo) = &capture.photo.geo else {
        return vec![Finding::new(FindingCode::NoPosition, Level::Hint).with("reason", "none")];
    };
    let mock = (geo.mock == Some(true)).then(|| Finding::new(FindingCode::MockPosition, Level::Strong));
    let most = i64::from(ACCURACY_M.of(parameters));
    let told = if !is_position(place(geo)) || geo.acc_m < 0 {
        Some(Finding::new(FindingCode::NoPosition, Level::Hint).with("reason", "odd"))
    } else if geo.acc_m > most {
        let found = Finding::new(FindingCode::NoPosition, Level::Hint).with("reason", "accuracy");
        Some(found.with("acc_m", geo.acc_m).with("limit", most))
    } else {
        capture.site.and_then(|site| far(geo, site, parameters))
    };
    mock.into_iter().chain(told).collect()
}

const fn place(geo: &Geo) -> (i64, i64) {
    (geo.lat_udeg, geo.lon_udeg)
}

fn far(geo: &Geo, site: &Geo, parameters: &BTreeMap<String, String>) -> Option<Finding> {
    let distance = distance_m(place(geo), place(site))?;
    let datum = if geo.datum == site.datum { 0 } else { DATUM_SLACK_M };
    let accuracies = geo.acc_m.saturating_add(site.acc_m.max(0));
    let allowed = i64::from(FAR_M.of(parameters)).saturating_add(accuracies).saturating_add(datum);
    (distance > allowed).then(|| {
        let found = Finding::new(FindingCode::FarFromSite, Level::Warning);
        let beyond = distance.saturating_sub(accuracies).saturating_sub(datum);
        found.with("distance_m", distance).with("allowed_m", allowed).with("acc_m", geo.acc_m).with("beyond_m", beyond)
    })
}

#[cfg(test)]
#[path = "capture_tests.rs"]
mod tests;
