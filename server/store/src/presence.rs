//! What of a visit's evidence is durable: the columns that follow from claims, blobs and statements.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{CustomerId, OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::dialect;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::{documents, statements, visit_statements, visits};
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

/// Holds the visit's row until the commit; false if there is no such visit.
///
/// # Concurrency
/// Of two transactions that decide on the same visit, the second sees what the first wrote.
///
/// # Errors
/// Database errors only.
pub fn lock_visit(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<bool> {
    Ok(dialect::lock_visit(conn, org, visit)?)
}

/// Holds the rows of visits until the commit, as far as there are any.
///
/// # Concurrency
/// As [`lock_visit`]; the rows are locked in the order of their ids, as everybody who locks several must.
///
/// # Errors
/// Database errors only.
pub fn lock_visits(conn: &mut Conn, org: OrgId, visits: &[VisitId]) -> StoreResult<()> {
    Ok(dialect::lock_visits(conn, org, visits)?)
}

/// Holds people until the commit: of two transactions that decide where somebody may be sent, or whether he works then, the
/// second sees what the first wrote.
///
/// # Concurrency
/// Behind the visits that a transaction locks; the rows are locked in the order of their ids.
///
/// # Errors
/// Database errors only.
pub fn lock_people(conn: &mut Conn, org: OrgId, people: &[UserId]) -> StoreResult<()> {
    Ok(dialect::lock_people(conn, org, people)?)
}

/// Holds a customer until the commit: of two transactions that decide what the customer is sent, or record whether it may be
/// sent, the second sees what the first wrote.
///
/// # Concurrency
/// Behind the visit that a transaction locks.
///
/// # Errors
/// Database errors only.
pub fn lock_customer(conn: &mut Conn, org: OrgId, customer: CustomerId) -> StoreResult<()> {
    Ok(dialect::lock_customer(conn, org, customer)?)
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
    if !lock_visit(conn, org, visit)? {
        return Ok(None);
    }
    let (complete_at_ms, missing): (Option<i64>, i64) = per_backend!(conn, c => visits::table
        .find((Txt(org), Txt(visit)))
        .select((visits::evidence_complete_at_ms, visits::missing_blobs))
        .first(c))?;
    let documents: i64 = per_backend!(conn, c => documents::table.find((Txt(org), Txt(visit))).count().get_result(c))?;
    Ok(Some(Evidence { complete_at_ms, missing, has_document: documents > 0 }))
}

#[derive(Insertable)]
#[diesel(table_name = visit_statements, treat_none_as_default_value = false)]
struct NewNamedRow {
    org_id: Txt<OrgId>,
    visit_id: Txt<VisitId>,
    digest: Txt<Hash>,
}

/// Writes the statements that the documents of visits name; what the visits in `known` named before is replaced.
///
/// # Errors
/// Database errors only.
pub fn replace_named_statements(
    conn: &mut Conn,
    org: OrgId,
    known: &[VisitId],
    named: &BTreeMap<VisitId, BTreeSet<Hash>>,
) -> StoreResult<()> {
    for visit in known {
        let of_visit = visit_statements::org_id.eq(Txt(org)).and(visit_statements::visit_id.eq(Txt(*visit)));
        per_backend!(conn, c => diesel::delete(visit_statements::table.filter(of_visit)).execute(c))?;
    }
    let named = named.iter().flat_map(|(visit, digests)| digests.iter().map(|digest| (*visit, *digest)));
    let rows: Vec<NewNamedRow> = named
        .map(|(visit, digest)| NewNamedRow { org_id: Txt(org), visit_id: Txt(visit), digest: Txt(digest) })
        .collect();
    insert_rows!(conn, visit_statements::table, rows)?;
    Ok(())
}

/// Statements that a visit's document names and that have not arrived for it.
///
/// # Errors
/// Database errors only.
pub fn list_missing_statements(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<BTreeSet<Hash>> {
    Ok(list_missing_statements_of(conn, org, &[visit])?.into_iter().map(|(_, digest)| digest).collect())
}

/// Statements that the documents of visits name and that have not arrived for them.
///
/// # Errors
/// Database errors only.
pub fn list_missing_statements_of(
    conn: &mut Conn,
    org: OrgId,
    of: &[VisitId],
) -> StoreResult<BTreeSet<(VisitId, Hash)>> {
    let arrived = statements::table.filter(
        statements::org_id
            .eq(visit_statements::org_id)
            .and(statements::digest.eq(visit_statements::digest))
            .and(statements::visit_id.eq(visit_statements::visit_id)),
    );
    let found: Vec<(Txt<VisitId>, Txt<Hash>)> = per_backend!(conn, c => visit_statements::table
        .filter(visit_statements::org_id.eq(Txt(org)))
        .filter(one_of(visit_statements::visit_id, of))
        .filter(not(exists(arrived)))
        .select((visit_statements::visit_id, visit_statements::digest))
        .load(c))?;
    Ok(found.into_iter().map(|(visit, digest)| (visit.0, digest.0)).collect())
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
