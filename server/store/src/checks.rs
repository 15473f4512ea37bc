//! What `doorstep verify` reads: rows as they are stored, in pages, and the invariants of the feed.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use sync_core::bytes::{Actor, Hash};
use sync_core::ids::{DeviceId, OrgId, VisitId};

use crate::blobs::{BlobRow, Claim, ClaimSource};
use crate::conn::Conn;
use crate::error::StoreResult;
use crate::evidence::StatementRow;
use crate::receipts::CompleteReceiptRow;
use crate::schema::{
    audience_heads, batch_seals, blob_claims, blobs, complete_receipts, doc_actors, feed, statements, visit_statements,
    visits,
};
use crate::text::Txt;

/// Ids of visits in order after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_visit_ids(conn: &mut Conn, org: OrgId, after: &str, limit: i64) -> StoreResult<Vec<VisitId>> {
    let ids: Vec<Txt<VisitId>> = per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(visits::id.gt(after)))
        .order(visits::id)
        .limit(limit)
        .select(visits::id)
        .load(c))?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// The claims of a visit from one source.
///
/// # Errors
/// Database errors only.
pub fn list_claims(conn: &mut Conn, org: OrgId, visit: VisitId, source: ClaimSource) -> StoreResult<BTreeSet<Claim>> {
    let rows: Vec<(Txt<Hash>, bool)> = per_backend!(conn, c => blob_claims::table
        .filter(blob_claims::org_id.eq(Txt(org))
            .and(blob_claims::visit_id.eq(Txt(visit)))
            .and(blob_claims::source.eq(source.as_str())))
        .select((blob_claims::sha256, blob_claims::is_required))
        .load(c))?;
    Ok(rows.into_iter().map(|(sha256, is_required)| Claim { sha256: sha256.0, is_required }).collect())
}

/// The statements that a visit's document is said to name.
///
/// # Errors
/// Database errors only.
pub fn list_named_statements(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<BTreeSet<Hash>> {
    let named: Vec<Txt<Hash>> = per_backend!(conn, c => visit_statements::table
        .filter(visit_statements::org_id.eq(Txt(org)).and(visit_statements::visit_id.eq(Txt(visit))))
        .select(visit_statements::digest)
        .load(c))?;
    Ok(named.into_iter().map(|digest| digest.0).collect())
}

/// The actors bound to a visit's document, with their devices.
///
/// # Errors
/// Database errors only.
pub fn list_actors(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<BTreeMap<Actor, DeviceId>> {
    let rows: Vec<(Txt<Actor>, Txt<DeviceId>)> = per_backend!(conn, c => doc_actors::table
        .filter(doc_actors::org_id.eq(Txt(org)).and(doc_actors::visit_id.eq(Txt(visit))))
        .select((doc_actors::actor, doc_actors::device_id))
        .load(c))?;
    Ok(rows.into_iter().map(|(actor, device)| (actor.0, device.0)).collect())
}

/// Statements in order of digest after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_statements_after(conn: &mut Conn, org: OrgId, after: &str, limit: i64) -> StoreResult<Vec<StatementRow>> {
    Ok(per_backend!(conn, c => statements::table
        .filter(statements::org_id.eq(Txt(org)).and(statements::digest.gt(after)))
        .order(statements::digest)
        .limit(limit)
        .select(StatementRow::as_select())
        .load(c))?)
}

/// Blobs in order of name after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_blobs_after(conn: &mut Conn, org: OrgId, after: &str, limit: i64) -> StoreResult<Vec<BlobRow>> {
    Ok(per_backend!(conn, c => blobs::table
        .filter(blobs::org_id.eq(Txt(org)).and(blobs::sha256.gt(after)))
        .order(blobs::sha256)
        .limit(limit)
        .select(BlobRow::as_select())
        .load(c))?)
}

/// Complete receipts in order of visit and number after a place.
///
/// # Errors
/// Database errors only.
pub fn list_receipts_after(
    conn: &mut Conn,
    org: OrgId,
    after: (&str, i64),
    limit: i64,
) -> StoreResult<Vec<CompleteReceiptRow>> {
    let (visit, number) = after;
    Ok(per_backend!(conn, c => complete_receipts::table
        .filter(complete_receipts::org_id.eq(Txt(org)))
        .filter(complete_receipts::visit_id.gt(visit)
            .or(complete_receipts::visit_id.eq(visit).and(complete_receipts::number.gt(number))))
        .order((complete_receipts::visit_id, complete_receipts::number))
        .limit(limit)
        .select(CompleteReceiptRow::as_select())
        .load(c))?)
}

/// The list a batch seal covers, with the seal.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = batch_seals)]
pub struct SealRow {
    /// Who sealed it.
    pub device_id: Txt<DeviceId>,
    /// SHA-256 of the list.
    pub digest: String,
    /// The list.
    pub list: String,
    /// The seal.
    pub seal: String,
}

/// Batch seals in order of device and digest after a place.
///
/// # Errors
/// Database errors only.
pub fn list_seals_after(conn: &mut Conn, org: OrgId, after: (&str, &str), limit: i64) -> StoreResult<Vec<SealRow>> {
    let (device, digest) = after;
    Ok(per_backend!(conn, c => batch_seals::table
        .filter(batch_seals::org_id.eq(Txt(org)))
        .filter(batch_seals::device_id.gt(device)
            .or(batch_seals::device_id.eq(device).and(batch_seals::digest.gt(digest))))
        .order((batch_seals::device_id, batch_seals::digest))
        .limit(limit)
        .select(SealRow::as_select())
        .load(c))?)
}

/// Items of the feed that stand behind the head of their audience, or entered it after their position.
///
/// # Errors
/// Database errors only.
pub fn list_misplaced(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<(String, String, String)>> {
    Ok(per_backend!(conn, c => feed::table
        .left_join(audience_heads::table.on(audience_heads::org_id.eq(feed::org_id)
            .and(audience_heads::audience.eq(feed::audience))))
        .filter(feed::org_id.eq(Txt(org)))
        .filter(audience_heads::pos.nullable().is_null()
            .or(audience_heads::pos.nullable().lt(feed::pos.nullable()))
            .or(feed::entered_pos.nullable().gt(feed::pos.nullable())))
        .order((feed::audience, feed::pos))
        .select((feed::audience, feed::kind, feed::item))
        .load(c))?)
}

/// Where a document stands in each audience that holds it.
///
/// # Errors
/// Database errors only.
pub fn list_places(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = per_backend!(conn, c => feed::table
        .filter(feed::org_id.eq(Txt(org)).and(feed::kind.eq("doc")).and(feed::item.eq(visit.to_string())))
        .select((feed::audience, feed::pos))
        .load(c))?;
    Ok(rows.into_iter().collect())
}
