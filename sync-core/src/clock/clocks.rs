//! The stamps of a visit together: each bounds the others.

use std::cmp::Ordering;

use super::bounds::{Bounds, Elapsed};
use super::chain::{Boot, Point, boots, sooner};
use super::contact::drift_ms;
use crate::ids::UserId;
use crate::merge::View;
use crate::time::{Stamp, UnixMillis};

/// How far the offsets of two contacts may differ and still agree, beside the drift.
///
/// # Source
/// A wall clock that network time corrects between two contacts moves by less; a clock set by hand moves by more.
const AGREE_MS: i64 = 2_000;

/// What the clocks of a visit prove; a pure function of the view.
// Rule: GEN-10
#[derive(Debug)]
pub struct Clocks<'a> {
    boots: Vec<Boot<'a>>,
}

/// A stamp in its boot.
#[derive(Clone, Copy)]
struct Place<'s> {
    boot: usize,
    stamp: &'s Stamp,
}

impl<'a> Clocks<'a> {
    /// Reads the clocks of a visit.
    ///
    /// A monotonic clock never runs ahead of the server's but for the drift, so what an earlier stamp proves bounds
    /// later ones from below, and what a later stamp proves bounds earlier ones from above, across linked boots too.
    #[must_use]
    pub fn of(view: &'a View) -> Self {
        let mut boots = boots(view);
        for index in 0..boots.len() {
            let parent = boots.get(index).and_then(|boot| boot.before.as_ref()).map(|(parent, _)| *parent);
            let last = parent.and_then(|parent| boots.get(parent)).and_then(Boot::last_earliest);
            if let Some(boot) = boots.get_mut(index) {
                boot.carry_on(last);
            }
        }
        for index in (0..boots.len()).rev() {
            let Some(boot) = boots.get_mut(index) else { continue };
            let (first, parent) = (boot.carry_back(), boot.before.as_ref().map(|(parent, _)| *parent));
            if let Some(parent) = parent.and_then(|parent| boots.get_mut(parent)) {
                parent.carried.latest = sooner(parent.carried.latest, first);
            }
        }
        Self { boots }
    }

    /// The bounds of an instant that `by` stamped. Stamps that contradict each other bound nothing.
    #[must_use]
    pub fn bounds(&self, by: UserId, stamp: &Stamp) -> Bounds {
        let mut point = Point::of(stamp);
        if let Some(boot) = self.place(by, stamp).and_then(|place| self.boots.get(place.boot)) {
            boot.bound(&mut point);
        }
        if is_empty(point.bounds) { Bounds::default() } else { point.bounds }
    }

    /// The corrected instant with its error; without an error the instant is what the device believed.
    #[must_use]
    pub fn corrected(&self, by: UserId, stamp: &Stamp) -> (UnixMillis, Option<i64>) {
        self.bounds(by, stamp).estimate(stamp.corrected())
    }

    /// The time between two stamps, each with who made it.
    ///
    /// Within one boot the monotonic difference is the lower bound, across linked boots the sum of what each ran.
    /// Contacts bound it from both sides; where the contacts before and after agree, the wall clocks do.
    #[must_use]
    pub fn elapsed(&self, (by, from): (UserId, &Stamp), (other, to): (UserId, &Stamp)) -> Elapsed {
        let mut by_contacts = Elapsed::between(self.bounds(by, from), self.bounds(other, to));
        if by != other {
            return by_contacts;
        }
        if from.boot_id == to.boot_id && !heard_since(from, to.off_ms, to.err_ms) {
            // The wall clock alone tells them apart; a phone that was set forward may not have noticed.
            by_contacts.at_least_ms = None;
        }
        let ran = if from.boot_id == to.boot_id {
            Some(to.mono_ms.saturating_sub(from.mono_ms))
        } else {
            self.ran(by, from, to)
        };
        let ran = Elapsed { at_least_ms: ran, at_most_ms: None };
        by_contacts.and(ran).and(self.by_wall(by, from, to))
    }

    /// The boots of which the stamps contradict each other, for a finding.
    pub fn contradictions(&self) -> impl Iterator<Item = &str> {
        let is_odd = |boot: &&Boot<'a>| boot.points.iter().any(|point| is_empty(point.bounds));
        self.boots.iter().filter(is_odd).map(|boot| boot.id)
    }

    fn place<'s>(&self, by: UserId, stamp: &'s Stamp) -> Option<Place<'s>> {
        let boot = self.boots.iter().position(|boot| boot.by == Some(by) && boot.id == stamp.boot_id)?;
        Some(Place { boot, stamp })
    }

    /// The boots from that of `to` back to that of `from`, if links join them.
    fn path(&self, from: Place<'_>, to: Place<'_>) -> Option<Vec<usize>> {
        let mut path = vec![to.boot];
        let mut boot = to.boot;
        while boot != from.boot {
            boot = self.boots.get(boot)?.before.as_ref()?.0;
            path.push(boot);
        }
        Some(path)
    }

    /// How long the monotonic clocks surely ran between two stamps of linked boots.
    fn ran(&self, by: UserId, from: &Stamp, to: &Stamp) -> Option<i64> {
        let path = self.path(self.place(by, from)?, self.place(by, to)?)?;
        let (mut end, mut sum) = (to.mono_ms, 0_i64);
        for boot in path {
            let boot = self.boots.get(boot)?;
            let Some((_, link)) = boot.before.as_ref().filter(|_| boot.id != from.boot_id) else {
                return Some(sum.saturating_add(end.saturating_sub(from.mono_ms).max(0)));
            };
            sum = sum.saturating_add(end.saturating_sub(link.mono).max(0));
            end = link.prev_mono;
        }
        None
    }

    /// The difference of the wall clocks, if the offset known at `from` is what a contact after `to` found again, and
    /// no clock was seen to be set in between.
    fn by_wall(&self, by: UserId, from: &Stamp, to: &Stamp) -> Elapsed {
        let agreed = self.place(by, from).zip(self.place(by, to)).and_then(|(first, last)| {
            let known = from.off_ms?;
            let slack = |wall: i64| AGREE_MS.saturating_add(drift_ms(wall.saturating_sub(from.wall_ms)));
            let agrees = |off: i64, wall: i64| off.saturating_sub(known).saturating_abs() <= slack(wall);
            let is_between = to.off_ms.is_none_or(|off| agrees(off, to.wall_ms));
            let path = self.path(first, last)?;
            let after = self.contact_after(last)?;
            (is_between && agrees(after.off?, after.wall) && !self.was_set(&path, first)).then(|| slack(after.wall))
        });
        let Some(slack) = agreed else { return Elapsed::default() };
        let wall = to.wall_ms.saturating_sub(from.wall_ms);
        Elapsed { at_least_ms: Some(wall.saturating_sub(slack)), at_most_ms: Some(wall.saturating_add(slack)) }
    }

    /// The first stamp after `to` that a later contact bounds.
    fn contact_after(&self, to: Place<'_>) -> Option<&Point> {
        let in_boot = self.boots.get(to.boot)?.points.iter();
        let in_boot =
            in_boot.filter(|point| point.mono > to.stamp.mono_ms && heard_since(to.stamp, point.off, point.err));
        let mut line = vec![to.boot];
        let mut later = Vec::new();
        // Every boot stands after the one it follows, so one pass finds all that descend from this.
        for (index, boot) in self.boots.iter().enumerate() {
            if boot.before.as_ref().is_some_and(|(parent, _)| line.contains(parent)) {
                line.push(index);
                later.extend(&boot.points);
            }
        }
        in_boot.chain(later).find(|point| point.err.is_some())
    }

    /// Whether a wall clock was seen to go back against the monotonic one in the boots of a path, from `from` on.
    fn was_set(&self, path: &[usize], from: Place<'_>) -> bool {
        let boots = path.iter().filter_map(|index| Some((*index, self.boots.get(*index)?)));
        boots.into_iter().any(|(index, boot)| {
            let counts = |point: &&Point| index != from.boot || point.mono >= from.stamp.mono_ms;
            let points: Vec<&Point> = boot.points.iter().filter(counts).collect();
            points.windows(2).any(|pair| match pair {
                [one, next] => {
                    let ran = next.mono.saturating_sub(one.mono);
                    let on_wall = next.wall.saturating_sub(one.wall);
                    on_wall < ran.saturating_sub(AGREE_MS).saturating_sub(drift_ms(ran))
                }
                _ => false,
            })
        })
    }
}

/// Whether a later stamp of the boot shows another contact than `from`: an error only shrinks with a new one.
fn heard_since(from: &Stamp, off: Option<i64>, err: Option<i64>) -> bool {
    off.is_some() && err.is_some_and(|err| off != from.off_ms || from.err_ms.is_none_or(|known| err < known))
}

fn is_empty(bounds: Bounds) -> bool {
    matches!((bounds.earliest, bounds.latest), (Some(earliest), Some(latest)) if earliest > latest)
}

impl Boot<'_> {
    /// Lets lower bounds run forward, from the boot before and from stamp to stamp.
    ///
    /// Stamps of one monotonic instant have no order: the clock may have stood still between them.
    fn carry_on(&mut self, from_before: Option<UnixMillis>) {
        self.carried.earliest = from_before;
        let mut earlier: Option<Point> = None;
        for together in self.points.chunk_by_mut(|one, next| one.mono == next.mono) {
            for point in together.iter_mut() {
                point.bounds.earliest = point.bounds.earliest.max(from_before);
                if let Some(earlier) = &earlier {
                    point.after(earlier);
                }
            }
            earlier = together.iter().max_by_key(|point| point.bounds.earliest).copied();
        }
    }

    /// Lets upper bounds run back, from the boots after and from stamp to stamp; tells the first.
    fn carry_back(&mut self) -> Option<UnixMillis> {
        let carried = self.carried.latest;
        let mut later: Option<Point> = None;
        for together in self.points.chunk_by_mut(|one, next| one.mono == next.mono).rev() {
            for point in together.iter_mut() {
                point.bounds.latest = sooner(point.bounds.latest, carried);
                if let Some(later) = &later {
                    point.before(later);
                }
            }
            let soonest = |point: &&Point| (point.bounds.latest.is_none(), point.bounds.latest);
            later = together.iter().min_by_key(soonest).copied();
        }
        later.map_or(carried, |first| first.bounds.latest)
    }

    fn last_earliest(&self) -> Option<UnixMillis> {
        self.points.iter().map(|point| point.bounds.earliest).max().unwrap_or(self.carried.earliest)
    }

    /// Tightens a point by all others of the boot.
    fn bound(&self, point: &mut Point) {
        point.bounds.earliest = point.bounds.earliest.max(self.carried.earliest);
        point.bounds.latest = sooner(point.bounds.latest, self.carried.latest);
        for other in &self.points {
            match other.mono.cmp(&point.mono) {
                Ordering::Less => point.after(other),
                Ordering::Greater => point.before(other),
                Ordering::Equal => {}
            }
        }
    }
}
