//! What document and plan say of one photo, gathered for the rules about its record.

use super::capture::{Capture, Dated, Window};
use super::clock::Witnesses;
use crate::clock::{Clocks, stamps};
use crate::doc::record::Photo;
use crate::merge::View;
use crate::merge::view::Entry;
use crate::rules::Facts;
use crate::template::model::PhotoSource;

/// Events with which a crew begins its work; on the way it may take photos of what it brings.
const BEGINNINGS: [&str; 5] = ["depart", "arrive", "customer_absent", "customer_appears", "enter"];

/// Events that hand a visit in.
const ENDS: [&str; 4] = ["submit", "give_up", "end_without_work", "resubmit"];

/// How a photo of a visit was taken.
///
/// # Source
/// Section 1.3 of the rulebook for the events; GEN-12 for the slot.
#[must_use]
pub fn capture<'a>(facts: &Facts<'a>, clocks: &Clocks<'_>, photo: &'a Entry<Photo>) -> Capture<'a> {
    let record = &photo.value;
    let slot = facts.template.slot(&record.slot);
    let (at, err_ms) = clocks.corrected(record.by, &record.taken_at);
    let boot = record.taken_at.boot_id.as_str();
    let of_boot = stamps(facts.view).filter(|(by, stamp)| *by == record.by && stamp.boot_id == boot);
    Capture {
        photo: record,
        allows_gallery: slot.is_some_and(|slot| slot.source != PhotoSource::Camera),
        taken: Dated { at, err_ms },
        clock: Witnesses {
            bounds: clocks.bounds(record.by, &record.taken_at),
            is_contradicted: clocks.contradictions().any(|odd| odd == boot),
            same_boot: of_boot.map(|(_, stamp)| stamp).collect(),
        },
        window: window(facts.view, clocks),
        site: facts.plan.site.as_ref().and_then(|site| site.geo.as_ref()),
    }
}

/// When the crew was at work, by its own events.
#[must_use]
pub fn window(view: &View, clocks: &Clocks<'_>) -> Window {
    let among = |names: &'static [&'static str]| {
        let events = view.timeline.iter().filter(|entry| names.contains(&entry.value.event.as_str()));
        events.map(|entry| {
            let (at, err_ms) = clocks.corrected(entry.value.by, &entry.value.at);
            Dated { at, err_ms }
        })
    };
    Window {
        from: among(&BEGINNINGS).min_by_key(|instant| instant.at),
        until: among(&ENDS).max_by_key(|instant| instant.at),
    }
}
