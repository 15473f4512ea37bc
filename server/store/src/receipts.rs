//! Complete receipts: one row for each issue, never changed.

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{blob_claims, complete_receipts, visits};
use crate::text::Txt;

/// An issued receipt.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = complete_receipts)]
pub struct CompleteReceiptRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Place among the receipts of the visit, from 1.
    pub number: i64,
    /// SHA-256 of what it says, without its instant: the same content is not issued twice in a row.
    pub content_sha256: Txt<Hash>,
    /// The receipt.
    pub jws: String,
    /// When it was issued.
    pub issued_at_ms: i64,
}

/// The newest receipt of a visit.
///
/// # Errors
/// Database errors only.
pub fn find_complete_receipt(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Option<CompleteReceiptRow>> {
    Ok(per_backend!(conn, c => complete_receipts::table
        .filter(complete_receipts::org_id.eq(Txt(org)).and(complete_receipts::visit_id.eq(Txt(visit))))
        .order(complete_receipts::number.desc())
        .select(CompleteReceiptRow::as_select())
        .first(c)
        .optional())?)
}

/// Every receipt of a visit, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_complete_receipts(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<CompleteReceiptRow>> {
    Ok(per_backend!(conn, c => complete_receipts::table
        .filter(complete_receipts::org_id.eq(Txt(org)).and(complete_receipts::visit_id.eq(Txt(visit))))
        .order(complete_receipts::number)
        .select(CompleteReceiptRow::as_select())
        .load(c))?)
}

/// Stores a receipt.
///
/// # Errors
/// Conflict if the visit has one of this number.
pub fn insert_complete_receipt(conn: &mut Conn, row: &CompleteReceiptRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(complete_receipts::table).values(row).execute(c))?;
    Ok(())
}

/// Which of these visits are in one of the states and have all their evidence.
///
/// # Errors
/// Database errors only.
pub fn list_complete(conn: &mut Conn, org: OrgId, ids: &[VisitId], states: &[&str]) -> StoreResult<Vec<VisitId>> {
    let complete: Vec<Txt<VisitId>> = per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(one_of(visits::id, ids)))
        .filter(visits::evidence_complete_at_ms.is_not_null().and(one_of(visits::state, states)))
        .select(visits::id)
        .load(c))?;
    Ok(complete.into_iter().map(|visit| visit.0).collect())
}

/// The blobs without which the evidence of a visit is not complete, in order.
///
/// # Errors
/// Database errors only.
pub fn list_required_blobs(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<Hash>> {
    let required: Vec<Txt<Hash>> = per_backend!(conn, c => blob_claims::table
        .filter(blob_claims::org_id.eq(Txt(org))
            .and(blob_claims::visit_id.eq(Txt(visit)))
            .and(blob_claims::is_required.eq(true)))
        .select(blob_claims::sha256)
        .distinct()
        .order(blob_claims::sha256)
        .load(c))?;
    Ok(required.into_iter().map(|blob| blob.0).collect())
}
