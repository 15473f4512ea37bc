//! What of a visit's evidence is durable, and who may see the visit: the questions uploads ask.

use std::collections::BTreeSet;

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::schema::{assignments, blob_claims, documents, visits};
use crate::text::Txt;

/// The evidence columns of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// When all evidence was durable; absent while some is missing.
    pub complete_at_ms: Option<i64>,
    /// Declared blobs that are not durable here.
    pub missing: i64,
    /// Whether the visit has a document.
    pub has_document: bool,
}

/// The evidence columns of a visit, for a transaction that will write them.
///
/// # Concurrency
/// Holds the visit's row until the commit: of two uploads that each bring the last but one blob, the
/// second sees the first.
///
/// # Errors
/// Database errors only.
pub fn lock_evidence(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Option<Evidence>> {
    let touched = per_backend!(conn, c => diesel::update(visits::table.find((Txt(org), Txt(visit))))
        .set(visits::missing_blobs.eq(visits::missing_blobs))
        .execute(c))?;
    if touched == 0 {
        return Ok(None);
    }
    let (complete_at_ms, missing): (Option<i64>, i64) = per_backend!(conn, c => visits::table
        .find((Txt(org), Txt(visit)))
        .select((visits::evidence_complete_at_ms, visits::missing_blobs))
        .first(c))?;
    let documents: i64 = per_backend!(conn, c => documents::table.find((Txt(org), Txt(visit))).count().get_result(c))?;
    Ok(Some(Evidence { complete_at_ms, missing, has_document: documents > 0 }))
}

/// Writes the number of missing blobs; the plan stays as it is.
///
/// # Errors
/// Stale if there is no such visit.
pub fn update_missing(conn: &mut Conn, org: OrgId, visit: VisitId, missing: i64) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(visits::table.find((Txt(org), Txt(visit))))
        .set(visits::missing_blobs.eq(missing))
        .execute(c))?)
}

/// Writes since when the evidence is complete, as a new version of the plan.
///
/// # Errors
/// Stale if there is no such visit.
pub fn update_complete(conn: &mut Conn, org: OrgId, visit: VisitId, complete_at_ms: Option<i64>) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(visits::table.find((Txt(org), Txt(visit))))
        .set((visits::evidence_complete_at_ms.eq(complete_at_ms), visits::version.eq(visits::version + 1)))
        .execute(c))?)
}

/// Whether there is such a visit.
///
/// # Errors
/// Database errors only.
pub fn visit_exists(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<bool> {
    let count: i64 = per_backend!(conn, c => visits::table.find((Txt(org), Txt(visit))).count().get_result(c))?;
    Ok(count > 0)
}

/// Somebody who works or worked on a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assigned {
    /// Who.
    pub rep: UserId,
    /// Whether he still does.
    pub is_in_force: bool,
}

/// Whether one of these people is assigned to the visit now.
///
/// # Errors
/// Database errors only.
pub fn is_assigned(conn: &mut Conn, org: OrgId, visit: VisitId, people: &[UserId]) -> StoreResult<bool> {
    let assigned = list_assigned(conn, org, visit)?;
    Ok(assigned.iter().any(|member| member.is_in_force && people.contains(&member.rep)))
}

/// Everybody who was ever assigned to a visit.
///
/// # Errors
/// Database errors only.
pub fn list_assigned(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<Assigned>> {
    let rows: Vec<(Txt<UserId>, Option<i64>)> = per_backend!(conn, c => assignments::table
        .filter(assignments::org_id.eq(Txt(org)).and(assignments::visit_id.eq(Txt(visit))))
        .select((assignments::rep_id, assignments::until_ms))
        .load(c))?;
    Ok(rows.into_iter().map(|(rep, until)| Assigned { rep: rep.0, is_in_force: until.is_none() }).collect())
}

/// The blobs a visit's statements name: openings, inks and shown texts.
///
/// # Errors
/// Database errors only.
pub fn list_statement_blobs(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<BTreeSet<Hash>> {
    let rows: Vec<Txt<Hash>> = per_backend!(conn, c => blob_claims::table
        .filter(blob_claims::org_id.eq(Txt(org))
            .and(blob_claims::visit_id.eq(Txt(visit)))
            .and(blob_claims::source.eq("statement")))
        .select(blob_claims::sha256)
        .load(c))?;
    Ok(rows.into_iter().map(|hash| hash.0).collect())
}
