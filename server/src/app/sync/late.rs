//! Which records of a push came after the visit was handed in.

use sync_core::doc::ChangeMeta;
use sync_core::visit::late::LateRecord;

/// Whether the changes hold a record that the state rules call late.
pub(super) fn holds_late(late: &[LateRecord], changes: &[ChangeMeta]) -> bool {
    late.iter().map(|record| record.op).any(|op| {
        changes.iter().any(|change| change.actor == op.actor && (change.start_op..=change.max_op).contains(&op.counter))
    })
}
