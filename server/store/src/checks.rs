//! What `doorstep verify` reads: rows as they are stored, in pages, and the invariants of the feed.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use sync_core::bytes::{Actor, Hash};
use sync_core::ids::{DeviceId, IntentId, OrgId, UserId, VisitId};

use crate::blobs::{BlobRow, Claim, ClaimSource};
use crate::conn::Conn;
use crate::day_sign_offs::DaySignOffRow;
use crate::error::StoreResult;
use crate::evidence::{IntentRow, QuarantineRow, StatementRow};
use crate::one_of::one_of;
use crate::receipts::CompleteReceiptRow;
use crate::schema::{
    audience_heads, batch_seal_parts, batch_seals, blob_claims, blobs, complete_receipts, day_sign_offs, doc_actors,
    documents, feed, intent_blobs, intents, quarantine, statements, visit_statements, visits,
};
use crate::seals::{BatchSealPartRow, BatchSealRow};
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
        // The first condition alone lets both engines start inside the index.
        .filter(complete_receipts::visit_id.ge(visit))
        .filter(complete_receipts::visit_id.gt(visit)
            .or(complete_receipts::visit_id.eq(visit).and(complete_receipts::number.gt(number))))
        .order((complete_receipts::visit_id, complete_receipts::number))
        .limit(limit)
        .select(CompleteReceiptRow::as_select())
        .load(c))?)
}

/// Sign-offs of days in order of team, day and number after a place.
///
/// # Errors
/// Database errors only.
pub fn list_sign_offs_after(
    conn: &mut Conn,
    org: OrgId,
    after: (&str, &str, i64),
    limit: i64,
) -> StoreResult<Vec<DaySignOffRow>> {
    let (team, day, number) = after;
    Ok(per_backend!(conn, c => day_sign_offs::table
        .filter(day_sign_offs::org_id.eq(Txt(org)))
        // The first condition alone lets both engines start inside the index.
        .filter(day_sign_offs::team_id.ge(team))
        .filter(day_sign_offs::team_id.gt(team).or(day_sign_offs::team_id.eq(team)
            .and(day_sign_offs::day.gt(day).or(day_sign_offs::day.eq(day)
                .and(day_sign_offs::number.gt(number))))))
        .order((day_sign_offs::team_id, day_sign_offs::day, day_sign_offs::number))
        .limit(limit)
        .select(DaySignOffRow::as_select())
        .load(c))?)
}

/// Batch seals in order of device and digest after a place.
///
/// # Errors
/// Database errors only.
pub fn list_seals_after(
    conn: &mut Conn,
    org: OrgId,
    after: (&str, &str),
    limit: i64,
) -> StoreResult<Vec<BatchSealRow>> {
    let (device, digest) = after;
    Ok(per_backend!(conn, c => batch_seals::table
        .filter(batch_seals::org_id.eq(Txt(org)))
        // The first condition alone lets both engines start inside the index.
        .filter(batch_seals::device_id.ge(device))
        .filter(batch_seals::device_id.gt(device)
            .or(batch_seals::device_id.eq(device).and(batch_seals::digest.gt(digest))))
        .order((batch_seals::device_id, batch_seals::digest))
        .limit(limit)
        .select(BatchSealRow::as_select())
        .load(c))?)
}

/// What of each of these lists became durable after its seal, by device and digest.
///
/// # Errors
/// Database errors only.
pub fn list_seal_parts(
    conn: &mut Conn,
    org: OrgId,
    of: &[BatchSealRow],
) -> StoreResult<BTreeMap<(String, String), Vec<String>>> {
    // The index begins with the device: by digest alone each page would walk the parts of all devices.
    let devices: BTreeSet<String> = of.iter().map(|row| row.device_id.to_string()).collect();
    let digests = of.iter().map(|row| row.digest.as_str());
    let rows: Vec<BatchSealPartRow> = per_backend!(conn, c => batch_seal_parts::table
        .filter(batch_seal_parts::org_id.eq(Txt(org)).and(batch_seal_parts::device_id.eq_any(&devices)))
        .filter(batch_seal_parts::digest.eq_any(digests))
        .order(batch_seal_parts::part)
        .select(BatchSealPartRow::as_select())
        .load(c))?;
    let mut parts: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for row in rows {
        parts.entry((row.device_id.to_string(), row.digest)).or_default().push(row.held);
    }
    Ok(parts)
}

/// The change indexes of those of these visits that have a document.
///
/// # Errors
/// Database errors only.
pub fn list_change_indexes(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<BTreeMap<VisitId, Vec<u8>>> {
    let rows: Vec<(Txt<VisitId>, Vec<u8>)> = per_backend!(conn, c => documents::table
        .filter(documents::org_id.eq(Txt(org)).and(one_of(documents::visit_id, of)))
        .select((documents::visit_id, documents::change_index))
        .load(c))?;
    Ok(rows.into_iter().map(|(visit, index)| (visit.0, index)).collect())
}

/// Those of these digests of which the statement is stored.
///
/// # Errors
/// Database errors only.
pub fn list_stored_statements(conn: &mut Conn, org: OrgId, of: &[Hash]) -> StoreResult<BTreeSet<Hash>> {
    let rows: Vec<Txt<Hash>> = per_backend!(conn, c => statements::table
        .filter(statements::org_id.eq(Txt(org)).and(one_of(statements::digest, of)))
        .select(statements::digest)
        .load(c))?;
    Ok(rows.into_iter().map(|digest| digest.0).collect())
}

/// Those of these names under which bytes of a device are in quarantine.
///
/// # Errors
/// Database errors only.
pub fn list_quarantined_of(
    conn: &mut Conn,
    org: OrgId,
    device: DeviceId,
    names: &[String],
) -> StoreResult<BTreeSet<String>> {
    let rows: Vec<String> = per_backend!(conn, c => quarantine::table
        .filter(quarantine::org_id.eq(Txt(org)).and(quarantine::device_id.eq(Txt(device))))
        .filter(one_of(quarantine::id, names))
        .select(quarantine::id)
        .load(c))?;
    Ok(rows.into_iter().collect())
}

/// Intents in order of id after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_intents_after(conn: &mut Conn, org: OrgId, after: &str, limit: i64) -> StoreResult<Vec<IntentRow>> {
    Ok(per_backend!(conn, c => intents::table
        .filter(intents::org_id.eq(Txt(org)).and(intents::id.gt(after)))
        .order(intents::id)
        .limit(limit)
        .select(IntentRow::as_select())
        .load(c))?)
}

/// A blob that an intent of a person names.
pub type IntentClaim = (IntentId, UserId, Hash);

/// The blobs that intents are said to name, of ids after `after` and up to `through`.
///
/// # Errors
/// Database errors only.
pub fn list_intent_claims(
    conn: &mut Conn,
    org: OrgId,
    after: &str,
    through: &str,
) -> StoreResult<BTreeSet<IntentClaim>> {
    let rows: Vec<(Txt<IntentId>, Txt<UserId>, Txt<Hash>)> = per_backend!(conn, c => intent_blobs::table
        .filter(intent_blobs::org_id.eq(Txt(org)))
        .filter(intent_blobs::intent_id.gt(after).and(intent_blobs::intent_id.le(through)))
        .select((intent_blobs::intent_id, intent_blobs::user_id, intent_blobs::sha256))
        .load(c))?;
    Ok(rows.into_iter().map(|(intent, user, sha256)| (intent.0, user.0, sha256.0)).collect())
}

/// Quarantined items in order of id and device after a place, each with the SHA-256 its bytes had when they came.
///
/// # Errors
/// Database errors only.
pub fn list_quarantine_after(
    conn: &mut Conn,
    org: OrgId,
    after: (&str, &str),
    limit: i64,
) -> StoreResult<Vec<(QuarantineRow, Option<Txt<Hash>>)>> {
    let (id, device) = after;
    Ok(per_backend!(conn, c => quarantine::table
        .filter(quarantine::org_id.eq(Txt(org)))
        // The first condition alone lets both engines start inside the index.
        .filter(quarantine::id.ge(id))
        .filter(quarantine::id.gt(id).or(quarantine::id.eq(id).and(quarantine::device_id.gt(device))))
        .order((quarantine::id, quarantine::device_id))
        .limit(limit)
        .select((QuarantineRow::as_select(), quarantine::sha256))
        .load(c))?)
}

/// Blobs that are said to be in quarantine, and no item of their device says so, or one that the office has re-driven.
///
/// # Errors
/// Database errors only.
pub fn list_unlisted_blobs(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<Hash>> {
    let found: Vec<Txt<Hash>> = per_backend!(conn, c => blobs::table
        .left_join(quarantine::table.on(quarantine::org_id.eq(blobs::org_id)
            .and(quarantine::id.eq(blobs::sha256))
            .and(quarantine::device_id.eq(blobs::device_id))))
        .filter(blobs::org_id.eq(Txt(org)).and(blobs::is_quarantined.eq(true)))
        .filter(quarantine::state.nullable().is_null().or(quarantine::state.nullable().eq("redriven")))
        .order(blobs::sha256)
        .select(blobs::sha256)
        .load(c))?;
    Ok(found.into_iter().map(|sha256| sha256.0).collect())
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
