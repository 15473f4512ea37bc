//! From the merged view of a visit to the rows that lists and searches read.

use std::collections::BTreeSet;

use doorstep_store::Txt;
use doorstep_store::blobs::Claim;
use doorstep_store::projections::{AnswerRow, EventRow, PhotoRow, Projection, ReadingRow};
use sync_core::doc::Map;
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::View;
use sync_core::visit::late::LateRecord;

fn ordinal(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// The rows of a view. Instants are corrected as well as the device knew.
#[must_use]
pub fn project(org: OrgId, visit: VisitId, view: &View) -> Projection {
    let (org_id, visit_id) = (Txt(org), Txt(visit));
    let current: BTreeSet<&str> = view.current_photos().map(|entry| entry.key.as_str()).collect();
    let photos = view.photos.iter().enumerate().map(|(position, entry)| PhotoRow {
        org_id,
        visit_id,
        photo_id: entry.key.clone(),
        ordinal: ordinal(position),
        kind: entry.value.kind.clone().unwrap_or_else(|| "photo".to_owned()),
        slot: entry.value.slot.clone(),
        sha256: Txt(entry.value.sha256),
        bytes: entry.value.bytes,
        media_type: entry.value.media_type.clone(),
        taken_at_ms: entry.value.taken_at.corrected().0,
        source: entry.value.source.clone(),
        taken_by: Txt(entry.value.by),
        is_current: current.contains(entry.key.as_str()),
    });
    let readings = view.measures.iter().enumerate().map(|(position, entry)| ReadingRow {
        org_id,
        visit_id,
        reading_id: entry.key.clone(),
        ordinal: ordinal(position),
        code: entry.value.code.clone(),
        value: entry.value.value.clone(),
        unit: entry.value.unit.clone(),
        at_ms: entry.value.at.corrected().0,
        taken_by: Txt(entry.value.by),
    });
    let answers = view.answers.iter().map(|(question, entry)| AnswerRow {
        org_id,
        visit_id,
        question: question.clone(),
        value: entry.value.value.to_string(),
        at_ms: entry.value.at.corrected().0,
        given_by: Txt(entry.value.by),
    });
    let events = view.timeline.iter().enumerate().map(|(position, entry)| EventRow {
        org_id,
        visit_id,
        event_id: entry.key.clone(),
        ordinal: ordinal(position),
        event: entry.value.event.clone(),
        at_ms: entry.value.at.corrected().0,
        done_by: Txt(entry.value.by),
    });
    Projection {
        photos: photos.collect(),
        readings: readings.collect(),
        answers: answers.collect(),
        events: events.collect(),
    }
}

/// The blobs a document names. A withdrawn or late one is claimed, so that it stays readable, but nothing
/// waits for it.
#[must_use]
pub(super) fn claims(view: &View, late: &[LateRecord]) -> BTreeSet<Claim> {
    let is_late = |key: &str| late.iter().any(|record| record.map == Map::Photos.key() && record.key == key);
    let required: BTreeSet<_> = view
        .photos
        .iter()
        .filter(|entry| !view.withdrawn.contains_key(&entry.key) && !is_late(&entry.key))
        .map(|entry| entry.value.sha256)
        .collect();
    view.photos
        .iter()
        .map(|entry| Claim { sha256: entry.value.sha256, is_required: required.contains(&entry.value.sha256) })
        .collect()
}
