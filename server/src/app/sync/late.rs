//! Which records of a push came after the visit was handed in.

use sync_core::doc::{ChangeMeta, Map};
use sync_core::merge::View;
use sync_core::merge::view::{Entry, OpId};
use sync_core::visit::late::LateRecord;

/// Whether the changes hold a record that the state rules call late.
pub(super) fn holds_late(view: &View, late: &[LateRecord], changes: &[ChangeMeta]) -> bool {
    late.iter().filter_map(|record| op_of(view, record)).any(|op| {
        changes.iter().any(|change| change.actor == op.actor && (change.start_op..=change.max_op).contains(&op.counter))
    })
}

fn op_of(view: &View, record: &LateRecord) -> Option<OpId> {
    fn find<T>(entries: &[Entry<T>], key: &str) -> Option<OpId> {
        entries.iter().find(|entry| entry.key == key).map(|entry| entry.op)
    }
    let key = record.key.as_str();
    match Map::from_key(&record.map)? {
        Map::Answers => view.answers.get(key).map(|entry| entry.op),
        Map::Captions => view.captions.get(key).map(|entry| entry.op),
        Map::Withdrawn => view.withdrawn.get(key).map(|entry| entry.op),
        Map::Ticks => view.ticks.get(key).map(|entry| entry.op),
        Map::More => view.more.get(key).map(|entry| entry.op),
        Map::Contacts => find(&view.contacts, key),
        Map::Corrections => find(&view.corrections, key),
        Map::Materials => find(&view.materials, key),
        Map::Measures => find(&view.measures, key),
        Map::OpenPoints => find(&view.open_points, key),
        Map::Outcomes => find(&view.outcomes, key),
        Map::Photos => find(&view.photos, key),
        Map::Pins => find(&view.pins, key),
        Map::Statements => find(&view.statements, key),
        Map::Timeline => find(&view.timeline, key),
    }
}
