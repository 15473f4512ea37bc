//! Storing verdicts: append-only, once per id.

use doorstep_store::reviews::{StoredVerdict, find_verdict, insert_verdict};
use doorstep_store::{Conn, Txt};
use serde::Serialize;
use sync_core::ids::{OrgId, VisitId};
use sync_core::plan::VerdictRow;
use uuid::Uuid;

use crate::app::rows::read;
use crate::app::{AppError, AppResult, ErrorCode, Refusal};
use crate::domain::review;

/// Longest comment, in characters.
///
/// # Source
/// Limits of free text in this API (reasons, notes): 500.
const MAX_COMMENT_CHARS: usize = 500;

/// Checks what every verdict has: an id that sorts by time, and a comment people can read.
///
/// # Errors
/// `invalid` naming the fields.
pub fn check_comment(id: Uuid, comment: Option<&str>) -> AppResult<()> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if id.get_version_num() != 7 {
        refusal = refusal.field("id", "a UUID of version 7, made by the client");
    }
    if comment.is_some_and(|comment| comment.trim().is_empty() || comment.chars().count() > MAX_COMMENT_CHARS) {
        refusal = refusal.field("comment", "1 to 500 characters");
    }
    if refusal.fields.is_empty() { Ok(()) } else { Err(refusal.into()) }
}

/// The verdict stored under the id of `sent`, if it came before.
///
/// # Errors
/// `idempotency_mismatch` if the stored one says something else.
pub(super) fn find_repeat(conn: &mut Conn, org: OrgId, sent: &VerdictRow) -> AppResult<Option<VerdictRow>> {
    let Some(stored) = find_verdict(conn, org, sent.id)? else { return Ok(None) };
    let stored: VerdictRow = read("verdicts", stored.id, &stored.body)?;
    if review::is_repeat(&stored, sent) { Ok(Some(stored)) } else { Err(ErrorCode::IdempotencyMismatch.into()) }
}

/// Appends a verdict.
pub(super) fn append(conn: &mut Conn, org: OrgId, visit: VisitId, verdict: &VerdictRow) -> AppResult<()> {
    let row = StoredVerdict {
        org_id: Txt(org),
        id: Txt(verdict.id),
        visit_id: Txt(visit),
        photo_id: verdict.photo_id.clone(),
        body: to_json(verdict)?,
        decision: verdict.decision.clone(),
        decided_by: Txt(verdict.by),
        at_ms: verdict.at_ms.0,
    };
    Ok(insert_verdict(conn, &row)?)
}

/// A row as the feed will serve it.
pub(super) fn to_json(row: &impl Serialize) -> AppResult<String> {
    serde_json::to_string(row).map_err(|error| AppError::Internal(error.to_string()))
}
