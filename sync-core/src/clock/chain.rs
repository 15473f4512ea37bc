//! The boots of devices as one visit saw them, joined by clock links.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::contact::drift_ms;
use crate::ids::UserId;
use crate::merge::View;
use crate::time::{Stamp, UnixMillis};

/// Kind of the records in `more` that link a boot to the one before: `clock_link/<id>`.
pub const CLOCK_LINK: &str = "clock_link";

/// Most links a device writes with one record; an older chain is broken rather than filling the document.
pub const LINKS_MAX: usize = 32;

/// Links a boot to the one before (design section 6).
///
/// `prev_wall` and `prev_mono` are the last heartbeat of the boot before, so the chain alone tells how long the device
/// surely ran between two records, and no heartbeat needs a record of its own.
///
/// # Units
/// Milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockLink {
    /// The boot before.
    pub prev_boot: String,
    /// Its last heartbeat on the wall clock.
    pub prev_wall: i64,
    /// Its last heartbeat on its monotonic clock.
    pub prev_mono: i64,
    /// The wall clock when this boot was first seen.
    pub wall: i64,
    /// The monotonic clock then.
    pub mono: i64,
    /// The stamp of that moment; its boot is the one that begins.
    pub at: Stamp,
    /// Who writes it.
    pub by: UserId,
}

/// A stamp of the visit, with what all others add to its bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub mono: i64,
    pub wall: i64,
    /// Offset and error as stamped.
    pub off: Option<i64>,
    pub err: Option<i64>,
    pub bounds: Bounds,
}

/// One boot of a device.
#[derive(Debug, Default)]
pub(super) struct Boot<'a> {
    pub by: Option<UserId>,
    pub id: &'a str,
    /// By monotonic clock.
    pub points: Vec<Point>,
    /// The boot before with the link to it.
    pub before: Option<(usize, ClockLink)>,
    /// Bounds from the boots before and after.
    pub carried: Bounds,
}

/// All boots, each after the one it follows.
pub(super) fn boots(view: &View) -> Vec<Boot<'_>> {
    let links = links(view);
    let mut boots: BTreeMap<(UserId, &str), Vec<Point>> = BTreeMap::new();
    for (by, stamp) in stamps(view) {
        boots.entry((by, stamp.boot_id.as_str())).or_default().push(Point::of(stamp));
    }
    for ((by, boot), (id, link)) in &links {
        boots.entry((*by, boot)).or_default().push(Point::of(&link.at));
        let heartbeat = Point::bare(link.prev_mono, link.prev_wall);
        boots.entry((*by, *id)).or_default().push(heartbeat);
    }
    let mut sorted: Vec<Boot<'_>> = Vec::new();
    let mut waiting: Vec<((UserId, &str), Vec<Point>)> = boots.into_iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut later = Vec::new();
        for ((by, id), mut points) in waiting {
            let link = links.get(&(by, id));
            let place = |prev: &str| sorted.iter().position(|boot| boot.by == Some(by) && boot.id == prev);
            let place = link.map(|(prev, link)| (place(prev), link));
            if let Some((None, _)) = place {
                later.push(((by, id), points));
                continue;
            }
            points.sort_by_key(|point| point.mono);
            let before = place.and_then(|(place, link)| Some((place?, (*link).clone())));
            sorted.push(Boot { by: Some(by), id, points, before, carried: Bounds::default() });
        }
        if later.len() == before {
            // Links that run in a circle prove nothing.
            break;
        }
        waiting = later;
    }
    sorted
}

/// The link of each boot with the name of the boot before; of several for one boot the first by key.
fn links(view: &View) -> BTreeMap<(UserId, &str), (&str, ClockLink)> {
    let mut links = BTreeMap::new();
    for (key, entry) in &view.more {
        let Some((CLOCK_LINK, _)) = key.split_once('/') else { continue };
        let Ok(link) = serde_json::from_value::<ClockLink>(entry.value.clone()) else { continue };
        let text = |path: &str| entry.value.pointer(path).and_then(serde_json::Value::as_str);
        let Some((boot, prev)) = text("/at/boot_id").zip(text("/prev_boot")) else { continue };
        links.entry((link.by, boot)).or_insert((prev, link));
    }
    links
}

/// Every stamp of the visit with who wrote it.
pub(crate) fn stamps(view: &View) -> impl Iterator<Item = (UserId, &Stamp)> {
    let pins = view.pins.iter().map(|entry| (entry.value.by, &entry.value.at));
    let events = view.timeline.iter().map(|entry| (entry.value.by, &entry.value.at));
    let contacts = view.contacts.iter().map(|entry| (entry.value.by, &entry.value.started_at));
    let ticks = view.ticks.values().map(|entry| (entry.value.by, &entry.value.at));
    let measures = view.measures.iter().map(|entry| (entry.value.by, &entry.value.at));
    let answers = view.answers.values().map(|entry| (entry.value.by, &entry.value.at));
    let photos = view.photos.iter().map(|entry| (entry.value.by, &entry.value.taken_at));
    let remarks = view.captions.values().chain(view.withdrawn.values());
    let remarks = remarks.map(|entry| (entry.value.by, &entry.value.at));
    let materials = view.materials.iter().map(|entry| (entry.value.by, &entry.value.at));
    let statements = view.statements.iter().filter_map(|entry| Some((entry.value.by?, &entry.value.at)));
    let outcomes = view.outcomes.iter().map(|entry| (entry.value.by, &entry.value.at));
    let first = pins.chain(events).chain(contacts).chain(ticks).chain(measures).chain(answers);
    first.chain(photos).chain(remarks).chain(materials).chain(statements).chain(outcomes)
}

impl Point {
    pub(super) fn of(stamp: &Stamp) -> Self {
        let (off, err) = (stamp.off_ms, stamp.err_ms);
        Self { mono: stamp.mono_ms, wall: stamp.wall_ms, off, err, bounds: Bounds::of(stamp) }
    }

    const fn bare(mono: i64, wall: i64) -> Self {
        Self { mono, wall, off: None, err: None, bounds: Bounds { earliest: None, latest: None } }
    }

    /// Not before what an earlier point of the boot proves.
    pub(super) fn after(&mut self, earlier: &Self) {
        let ran = running(earlier.mono, self.mono);
        self.bounds.earliest = self.bounds.earliest.max(earlier.bounds.earliest.map(|instant| instant.plus_ms(ran)));
    }

    /// Not after what a later point of the boot proves.
    pub(super) fn before(&mut self, later: &Self) {
        let ran = running(self.mono, later.mono);
        self.bounds.latest = sooner(self.bounds.latest, later.bounds.latest.map(|at| at.plus_ms(ran.saturating_neg())));
    }
}

/// Server time that surely passed while the monotonic clock ran.
fn running(from: i64, to: i64) -> i64 {
    let ran = to.saturating_sub(from).max(0);
    ran.saturating_sub(drift_ms(ran))
}

/// The sooner of two bounds, either of which may be missing.
pub(super) fn sooner(a: Option<UnixMillis>, b: Option<UnixMillis>) -> Option<UnixMillis> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}
