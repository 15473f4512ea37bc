//! What a push brings late: its changes as a row, and whether the state says that some came after the hand-in.

use doorstep_store::Txt;
use doorstep_store::late_work::StoredLateWork;
use sync_core::doc::ChangeMeta;
use sync_core::doc::genesis::genesis_actor;
use sync_core::ids::{OrgId, VisitId};
use sync_core::plan::{LateWorkRow, OpSpan};
use sync_core::visit::late::LateRecord;

use crate::app::{AppError, AppResult};

/// The operations of changes, those of one writer that follow each other together; not the genesis, which is nobody's.
pub(super) fn spans(visit: VisitId, changes: &[ChangeMeta]) -> Vec<OpSpan> {
    let mut spans: Vec<OpSpan> = Vec::new();
    for change in changes.iter().filter(|change| change.actor != genesis_actor(visit)) {
        match spans.last_mut() {
            Some(last) if last.actor == change.actor && last.last + 1 == change.start_op => last.last = change.max_op,
            _ => spans.push(OpSpan { actor: change.actor, first: change.start_op, last: change.max_op }),
        }
    }
    spans
}

/// The row as it is stored.
pub(super) fn stored(org: OrgId, row: &LateWorkRow) -> AppResult<StoredLateWork> {
    let body = serde_json::to_string(row).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(StoredLateWork { org_id: Txt(org), visit_id: Txt(row.visit_id), seq: row.seq, body })
}

/// Whether the changes hold a record that the state rules call late.
pub(super) fn holds_late(late: &[LateRecord], changes: &[ChangeMeta]) -> bool {
    late.iter().map(|record| record.op).any(|op| {
        changes.iter().any(|change| change.actor == op.actor && (change.start_op..=change.max_op).contains(&op.counter))
    })
}
