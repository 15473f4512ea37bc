//! Whether everything a visit declares is durable here.

use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, assignments, blobs, intent_blobs, presence};
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, UserId, VisitId};
use sync_core::time::UnixMillis;

use crate::app::{AppResult, scope};

/// Sets what of a visit's evidence is durable in its row; true if completeness began or ended.
///
/// A form that the crew signed and that never came is as much a gap as a photo.
pub(crate) fn set_evidence(row: &mut VisitRecord, missing: usize, lacks_statements: bool, now: UnixMillis) -> bool {
    row.missing_blobs = i64::try_from(missing).unwrap_or(i64::MAX);
    let is_complete = missing == 0 && !lacks_statements;
    if is_complete == row.evidence_complete_at_ms.is_some() {
        return false;
    }
    row.evidence_complete_at_ms = is_complete.then_some(now.0);
    row.version += 1;
    true
}

/// Whether a visit on whose crew a person is or was names a blob, or an intent of that person does.
///
/// # Errors
/// Database errors only.
pub(in crate::app) fn is_named_for(conn: &mut Conn, org: OrgId, user: UserId, blob: Hash) -> AppResult<bool> {
    for visit in blobs::list_claiming_visits(conn, org, blob)? {
        if assignments::list_assignments(conn, org, visit)?.iter().any(|assignment| assignment.rep_id.0 == user) {
            return Ok(true);
        }
    }
    Ok(intent_blobs::list_claiming_intents(conn, org, blob)?.iter().any(|(_, author)| *author == user))
}

/// Counts the missing blobs of a visit anew and notes since when its evidence is complete.
///
/// Call it after claims were replaced and after a blob or statement arrived. True if completeness began or ended:
/// then the visit's holders are told, and its state has to be derived again.
///
/// # Concurrency
/// Holds the visit's row until the commit.
///
/// # Errors
/// Database errors only.
pub fn update_evidence(
    conn: &mut Conn,
    batch: &mut FeedBatch,
    org: OrgId,
    visit: VisitId,
    now: UnixMillis,
) -> AppResult<bool> {
    let Some(before) = presence::lock_evidence(conn, org, visit)? else { return Ok(false) };
    let missing = i64::try_from(blobs::list_missing(conn, org, visit)?.len()).unwrap_or(i64::MAX);
    if missing != before.missing {
        presence::update_missing(conn, org, visit, missing)?;
    }
    // A form that the crew signed and that never came is as much a gap as a photo.
    let is_complete =
        before.has_document && missing == 0 && presence::list_missing_statements(conn, org, visit)?.is_empty();
    if is_complete == before.complete_at_ms.is_some() {
        return Ok(false);
    }
    presence::update_complete(conn, org, visit, is_complete.then_some(now.0))?;
    scope::touch(conn, batch, org, FeedKind::Visit, &visit.to_string())?;
    Ok(true)
}
