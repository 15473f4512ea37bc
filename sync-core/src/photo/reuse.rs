//! Whether a photo proves another visit already.
//!
//! Owns the verdict on a likeness; it must not know how likenesses are looked up.

use std::collections::BTreeMap;

use super::finding::{Earlier, Finding, FindingCode, Level, seconds};
use super::thresholds::{BURST_MINUTES, REUSE_PROBABLE, REUSE_STRONG, REUSE_WEAK};
use crate::bytes::Hash;
use crate::ids::{DeviceId, SiteId, VisitId};
use crate::time::UnixMillis;

/// A photo of a visit, as far as re-use is about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its visit.
    pub visit: VisitId,
    /// Its record.
    pub photo: String,
    /// Its content.
    pub sha256: Hash,
    /// Where the visit takes place, if the office knows.
    pub site: Option<SiteId>,
    /// The phone that wrote the record, if it is known.
    pub device: Option<DeviceId>,
    /// When it was taken, as well as the clocks tell.
    pub taken_at: UnixMillis,
}

/// A photo that was there before, and how like it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The photo.
    pub seen: Seen,
    /// In how many of 256 bits the prints differ; `None` for the same bytes.
    pub bits: Option<u32>,
}

/// What is to be said of a photo beside those that were there before it: at most one finding of each code, about the
/// photo that is most like it; of equals the one taken first, then the one that stands first.
///
/// Photos of one visit, and those of one phone at one site within `photo_burst_minutes`, are of one piece of work, and
/// likenesses among them say nothing. Phones claim when a photo was taken, so equal bytes on two visits are told all the
/// same, with less weight: two orders of one household may share a photo.
/// A site looks the same on another day: there a likeness is weak, however close. A weak likeness counts only where
/// `has_signal` says that something else speaks for re-use.
#[must_use]
pub fn findings(
    photo: &Seen,
    candidates: &[Candidate],
    has_signal: bool,
    parameters: &BTreeMap<String, String>,
) -> Vec<Finding> {
    let is_one_work = |one: &Candidate| is_same_work(photo, &one.seen, parameters);
    let mut others: Vec<&Candidate> = candidates.iter().filter(|one| one.seen.visit != photo.visit).collect();
    // Stable: of equals the first one stays the first.
    others.sort_by_key(|one| (one.bits, is_one_work(one), one.seen.taken_at));
    let mut exact = others.iter().filter(|one| one.bits.is_none());
    let exact_count = exact.clone().count();
    let exact = exact.next().map(|one| {
        let level = if is_one_work(one) { Level::Warning } else { Level::Strong };
        finding(photo, one, FindingCode::ReusedExact, level, exact_count)
    });
    // Whoever has the same bytes has the same picture: that is said once, unless it may be honest.
    let is_said = exact.as_ref().is_some_and(|found| found.level == Level::Strong);
    let likenesses = others.iter().filter(|one| !is_said && !is_one_work(one)).filter_map(|one| {
        let level = likeness(photo, one, parameters)?;
        (level > Level::Hint || has_signal).then_some((*one, level))
    });
    let likenesses: Vec<(&Candidate, Level)> = likenesses.collect();
    // The closest that weighs most: a weak one at this site must not hide a strong one elsewhere.
    let best = likenesses.iter().rev().max_by_key(|(_, level)| *level);
    let similar = best.map(|(one, level)| finding(photo, one, FindingCode::ReusedSimilar, *level, likenesses.len()));
    exact.into_iter().chain(similar).collect()
}

/// The nearest photo of other work that looks alike, whether or not it is told.
#[must_use]
pub fn nearest<'a>(
    photo: &Seen,
    candidates: &'a [Candidate],
    parameters: &BTreeMap<String, String>,
) -> Option<&'a Candidate> {
    let others = candidates.iter().filter(|one| one.bits.is_some() && !is_same_work(photo, &one.seen, parameters));
    others.min_by_key(|one| one.bits)
}

/// Whether two photos are of one piece of work: of one visit, or by one phone at one site within `photo_burst_minutes`.
#[must_use]
pub fn is_same_work(photo: &Seen, other: &Seen, parameters: &BTreeMap<String, String>) -> bool {
    let burst_ms = BURST_MINUTES.minutes_ms(parameters);
    if photo.visit == other.visit {
        return true;
    }
    let apart_ms = photo.taken_at.since_ms(other.taken_at).saturating_abs();
    is_same_site(photo, other) && photo.device.is_some() && photo.device == other.device && apart_ms <= burst_ms
}

/// Whether two photos are of visits to one site.
#[must_use]
pub fn is_same_site(photo: &Seen, other: &Seen) -> bool {
    photo.site.is_some() && photo.site == other.site
}

/// How much a likeness weighs; `None` if it is none.
fn likeness(photo: &Seen, other: &Candidate, parameters: &BTreeMap<String, String>) -> Option<Level> {
    let bits = other.bits?;
    let level = if bits <= REUSE_STRONG.of(parameters) {
        Level::Strong
    } else if bits <= REUSE_PROBABLE.of(parameters) {
        Level::Warning
    } else if bits <= REUSE_WEAK.of(parameters) {
        Level::Hint
    } else {
        return None;
    };
    Some(if is_same_site(photo, &other.seen) { Level::Hint } else { level })
}

fn finding(photo: &Seen, other: &Candidate, code: FindingCode, level: Level, count: usize) -> Finding {
    let seen = &other.seen;
    let apart_ms = photo.taken_at.since_ms(seen.taken_at).saturating_abs();
    let mut found = Finding::new(code, level)
        .with("same_site", is_same_site(photo, seen))
        .with("same_device", photo.device.is_some() && photo.device == seen.device)
        .with("apart_min", apart_ms / 60_000)
        .with("apart_s", seconds(apart_ms))
        .with("photos", count);
    if let Some(bits) = other.bits {
        found = found.with("bits", bits);
    }
    found.earlier = Some(Earlier { visit: seen.visit, photo: seen.photo.clone(), sha256: seen.sha256 });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn id(number: u8) -> [u8; 16] {
        [number; 16]
    }

    fn photo(visit: u8) -> Seen {
        Seen {
            visit: VisitId::from_bytes(id(visit)),
            photo: format!("photo of {visit}"),
            sha256: Hash::of(&[visit]),
            site: Some(SiteId::from_bytes(id(visit))),
            device: Some(DeviceId::from_bytes(id(9))),
            taken_at: UnixMillis(i64::from(visit) * 86_400_000),
        }
    }

    fn said(candidates: &[Candidate], has_signal: bool) -> Vec<(FindingCode, Level, VisitId)> {
        let found = findings(&photo(9), candidates, has_signal, &BTreeMap::new());
        found.into_iter().filter_map(|one| Some((one.code, one.level, one.earlier?.visit))).collect()
    }

    fn like(visit: u8, bits: u32) -> Candidate {
        Candidate { seen: photo(visit), bits: Some(bits) }
    }

    fn visit(number: u8) -> VisitId {
        VisitId::from_bytes(id(number))
    }

    #[test]
    fn of_photos_taken_in_one_instant_the_first_is_shown() {
        let same = |number| {
            let seen = Seen { sha256: photo(9).sha256, taken_at: UnixMillis(1), ..photo(number) };
            Candidate { seen, bits: None }
        };
        for [first, second] in [[1, 2], [2, 1]] {
            let said = said(&[same(first), same(second)], false);
            assert_eq!(said, [(FindingCode::ReusedExact, Level::Strong, visit(first))]);
        }
    }

    #[test]
    fn each_distance_weighs_as_the_limits_say() {
        use FindingCode::ReusedSimilar;
        for (bits, level) in
            [(0, Level::Strong), (31, Level::Strong), (32, Level::Warning), (48, Level::Warning), (49, Level::Hint)]
        {
            assert_eq!(said(&[like(1, bits)], true), [(ReusedSimilar, level, visit(1))], "{bits}");
        }
        assert_eq!(said(&[like(1, 60)], true), [(ReusedSimilar, Level::Hint, visit(1))]);
        assert_eq!(said(&[like(1, 61)], true), []);
        assert_eq!(said(&[like(1, 49)], false), [], "a weak likeness alone says nothing");
        assert_eq!(said(&[like(1, 48)], false).len(), 1);
    }

    #[test]
    fn the_same_bytes_are_said_once_and_about_the_first_photo() {
        let exact = |number| Candidate { seen: photo(number), bits: None };
        let found = said(&[like(3, 0), exact(2), exact(1)], false);
        assert_eq!(found, [(FindingCode::ReusedExact, Level::Strong, visit(1))]);
    }

    #[test]
    fn the_heaviest_counts_and_of_these_the_closest() {
        let mut here = like(1, 2);
        here.seen.site = photo(9).site;
        let found = said(&[here.clone(), like(2, 20), like(3, 10)], true);
        assert_eq!(found, [(FindingCode::ReusedSimilar, Level::Strong, visit(3))]);
        assert_eq!(said(std::slice::from_ref(&here), true), [(FindingCode::ReusedSimilar, Level::Hint, visit(1))]);
        assert_eq!(said(&[here], false), [], "a site looks the same on another day");
    }

    #[test]
    fn the_nearest_photo_of_other_work_is_known_also_where_it_is_not_told() {
        let near = |candidates: &[Candidate]| {
            nearest(&photo(9), candidates, &BTreeMap::new()).map(|one| (one.seen.visit, one.bits))
        };
        assert_eq!(said(&[like(1, 70), like(2, 66)], true), []);
        assert_eq!(near(&[like(1, 70), like(2, 66)]), Some((visit(2), Some(66))));
        let exact = Candidate { bits: None, ..like(1, 0) };
        assert_eq!(near(&[exact, Candidate { seen: photo(9), bits: Some(3) }]), None, "of the visit itself");
    }

    /// A photo of visit 1 that the phone of visit 9 took at its site, by its clock within the minutes of one piece of work.
    fn burst() -> Seen {
        Seen { site: photo(9).site, taken_at: photo(9).taken_at.plus_ms(-600_000), ..photo(1) }
    }

    #[test]
    fn photos_that_look_alike_within_one_piece_of_work_are_never_told() {
        let alike = |seen: Seen| said(&[Candidate { seen, bits: Some(0) }], true).len();
        assert_eq!((alike(photo(9)), alike(burst())), (0, 0));
        assert_eq!(alike(Seen { taken_at: burst().taken_at.plus_ms(-1), ..burst() }), 1, "too long ago");
        assert_eq!(alike(Seen { device: None, ..burst() }), 1, "by another phone");
        assert_eq!(alike(Seen { site: None, ..burst() }), 1, "nobody knows where");
    }

    #[test]
    fn the_same_bytes_on_another_visit_are_told_whatever_the_phone_claims_of_the_time() {
        use FindingCode::{ReusedExact, ReusedSimilar};
        let exact = |seen: Seen| Candidate { seen, bits: None };
        assert_eq!(said(&[exact(photo(9))], true), [], "of the visit itself");
        assert_eq!(said(&[exact(burst())], false), [(ReusedExact, Level::Warning, visit(1))]);
        let before = Seen { taken_at: burst().taken_at.plus_ms(-1), ..burst() };
        assert_eq!(said(&[exact(before)], false), [(ReusedExact, Level::Strong, visit(1))]);
        let both = said(&[exact(burst()), exact(photo(2))], false);
        assert_eq!(both, [(ReusedExact, Level::Strong, visit(2))], "what weighs more is shown");
        let beside = said(&[exact(burst()), like(2, 10)], false);
        let expected = [(ReusedExact, Level::Warning, visit(1)), (ReusedSimilar, Level::Strong, visit(2))];
        assert_eq!(beside, expected, "what may be honest hides nothing");
    }
}
