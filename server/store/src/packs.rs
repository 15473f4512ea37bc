//! Packs: the bytes of a document's earlier pushes, one after the other in one compressed row.
//!
//! Packing moves bytes and changes none: every push stays a row of its own with its device, its time and its feed
//! positions, and its bytes are cut out of the pack where they are asked for. Nothing is re-encoded, nothing discarded.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sync_core::ids::{OrgId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreError, StoreResult, expect_one};
use crate::schema::{doc_changes, doc_packs, documents};
use crate::text::Txt;

/// Level of zstd: a pack is written a few times and read seldom.
const LEVEL: i32 = 9;

/// Weight from which a document is due, as in the index `documents_to_pack`: so many pushes, or the end of its visit.
const DUE_WEIGHT: i64 = 16;

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = doc_packs)]
struct PackRow {
    org_id: Txt<OrgId>,
    visit_id: Txt<VisitId>,
    through_seq: i64,
    content_bytes: i64,
    bytes: Vec<u8>,
}

/// A pack that is ready to be written.
#[derive(Debug, Clone)]
pub struct Packing {
    row: PackRow,
    /// The last push of the pack it replaces; 0 if there is none.
    before: i64,
    /// What made the document due: the weight of what was read.
    weight: i64,
    /// The pushes it adds, each with its size.
    adds: Vec<(i64, i64)>,
}

/// The documents whose pushes are to be packed, in order of their keys, after one of them.
///
/// # Errors
/// Database errors only.
pub fn list_due(conn: &mut Conn, after: Option<(OrgId, VisitId)>, limit: i64) -> StoreResult<Vec<(OrgId, VisitId)>> {
    let (org, visit) = after.map_or_else(Default::default, |(org, visit)| (org.to_string(), visit.to_string()));
    let due: Vec<(Txt<OrgId>, Txt<VisitId>)> = per_backend!(conn, c => documents::table
        // Word for word the condition of the index `documents_to_pack`.
        .filter(sql::<Bool>("pack_weight >= 16"))
        .filter(documents::org_id.gt(&org).or(documents::org_id.eq(&org).and(documents::visit_id.gt(&visit))))
        .order((documents::org_id, documents::visit_id))
        .limit(limit)
        .select((documents::org_id, documents::visit_id))
        .load(c))?;
    Ok(due.into_iter().map(|(org, visit)| (org.0, visit.0)).collect())
}

/// Lets the pushes of a visit that ended be packed without waiting for more of them.
///
/// # Errors
/// Database errors only.
pub fn pack_after_end(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(documents::table.find((Txt(org), Txt(visit))))
        .set(documents::pack_weight.eq(documents::pack_weight + DUE_WEIGHT))
        .execute(c))?;
    Ok(())
}

/// Makes the pack that holds every push of a document; `None` if there is nothing to add.
///
/// Reads only, so that compressing keeps no writer waiting.
///
/// # Errors
/// Corrupt if what is packed already cannot be read, or what was compressed does not come out again.
pub fn prepare(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Option<Packing>> {
    let weight: Option<i64> = per_backend!(conn, c => documents::table
        .find((Txt(org), Txt(visit)))
        .select(documents::pack_weight)
        .first(c)
        .optional())?;
    let Some(weight) = weight else { return Ok(None) };
    let pack = find_pack(conn, org, visit)?;
    let before = pack.as_ref().map_or(0, |pack| pack.through_seq);
    let pushes: Vec<(i64, Vec<u8>)> = per_backend!(conn, c => doc_changes::table
        .filter(doc_changes::org_id.eq(Txt(org)).and(doc_changes::visit_id.eq(Txt(visit))))
        .filter(doc_changes::seq.gt(before))
        .order(doc_changes::seq)
        .select((doc_changes::seq, doc_changes::bytes))
        .load(c))?;
    let Some((through_seq, _)) = pushes.last() else { return Ok(None) };
    let through_seq = *through_seq;
    let mut content = match &pack {
        Some(pack) => unpack(pack)?,
        None => Vec::new(),
    };
    let mut adds = Vec::with_capacity(pushes.len());
    for (seq, bytes) in &pushes {
        content.extend(bytes);
        adds.push((*seq, size(bytes)));
    }
    let bytes = zstd::bulk::compress(&content, LEVEL).map_err(|error| corrupt(visit, error))?;
    let row = PackRow { org_id: Txt(org), visit_id: Txt(visit), through_seq, content_bytes: size(&content), bytes };
    // The only copy of what the customer signed: it is seen to come out again before the other copy goes.
    if unpack(&row)? != content {
        return Err(corrupt(visit, "compressing changed it"));
    }
    Ok(Some(Packing { row, before, weight, adds }))
}

/// Takes the weight off a document that has nothing to be packed, as one whose visit ended when all was: it would be due for
/// ever.
///
/// # Concurrency
/// What a push adds meanwhile stays.
///
/// # Errors
/// Database errors only.
pub fn settle_packed(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<()> {
    let document: Option<(i64, i64)> = per_backend!(conn, c => documents::table
        .find((Txt(org), Txt(visit)))
        .select((documents::pack_weight, documents::packed_through))
        .first(c)
        .optional())?;
    let Some((weight, through)) = document else { return Ok(()) };
    let unpacked: i64 = per_backend!(conn, c => doc_changes::table
        .filter(doc_changes::org_id.eq(Txt(org)).and(doc_changes::visit_id.eq(Txt(visit))))
        .filter(doc_changes::seq.gt(through))
        .count()
        .get_result(c))?;
    if unpacked == 0 {
        per_backend!(conn, c => diesel::update(documents::table.find((Txt(org), Txt(visit))))
            .set(documents::pack_weight.eq(documents::pack_weight - weight))
            .execute(c))?;
    }
    Ok(())
}

/// Writes a pack and empties the rows of the pushes it took over.
///
/// # Concurrency
/// Optimistic: if the document was packed since this was made, nothing is written. Pushes that came meanwhile stay as they
/// are, and so does their weight and that of a visit that ended meanwhile: they are packed next.
///
/// # Errors
/// Stale or conflict if another packing came first.
pub fn write(conn: &mut Conn, packing: &Packing) -> StoreResult<()> {
    let Packing { row, before, weight, adds } = packing;
    let document = documents::table.filter(
        documents::org_id
            .eq(row.org_id)
            .and(documents::visit_id.eq(row.visit_id))
            .and(documents::packed_through.eq(*before)),
    );
    expect_one(per_backend!(conn, c => diesel::update(document)
        .set((
            documents::packed_through.eq(row.through_seq),
            documents::pack_weight.eq(documents::pack_weight - *weight),
        ))
        .execute(c))?)?;
    if *before == 0 {
        per_backend!(conn, c => diesel::insert_into(doc_packs::table).values(row).execute(c))?;
    } else {
        expect_one(per_backend!(conn, c => diesel::update(doc_packs::table.find((row.org_id, row.visit_id)))
            .set((
                doc_packs::through_seq.eq(row.through_seq),
                doc_packs::content_bytes.eq(row.content_bytes),
                doc_packs::bytes.eq(&row.bytes),
            ))
            .execute(c))?)?;
    }
    for (seq, size) in adds {
        let push = doc_changes::table.filter(
            doc_changes::org_id
                .eq(row.org_id)
                .and(doc_changes::visit_id.eq(row.visit_id))
                .and(doc_changes::seq.eq(*seq))
                .and(doc_changes::packed_bytes.is_null()),
        );
        expect_one(per_backend!(conn, c => diesel::update(push)
            .set((doc_changes::bytes.eq(Vec::<u8>::new()), doc_changes::packed_bytes.eq(Some(*size))))
            .execute(c))?)?;
    }
    Ok(())
}

/// The packed pushes of a document, each with its number and its exact bytes, in order.
///
/// # Errors
/// Corrupt if pack and pushes do not fit together.
pub(crate) fn list_packed(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<(i64, Vec<u8>)>> {
    let Some(pack) = find_pack(conn, org, visit)? else { return Ok(Vec::new()) };
    let sizes: Vec<(i64, Option<i64>)> = per_backend!(conn, c => doc_changes::table
        .filter(doc_changes::org_id.eq(Txt(org)).and(doc_changes::visit_id.eq(Txt(visit))))
        .filter(doc_changes::seq.le(pack.through_seq))
        .order(doc_changes::seq)
        .select((doc_changes::seq, doc_changes::packed_bytes))
        .load(c))?;
    let content = unpack(&pack)?;
    let mut rest = content.as_slice();
    let mut packed = Vec::with_capacity(sizes.len());
    for (seq, size) in sizes {
        let cut = size.and_then(|size| rest.split_at_checked(usize::try_from(size).ok()?));
        let (bytes, behind) = cut.ok_or_else(|| corrupt(visit, format!("push {seq} is not in it")))?;
        packed.push((seq, bytes.to_vec()));
        rest = behind;
    }
    if rest.is_empty() { Ok(packed) } else { Err(corrupt(visit, "it holds more than its pushes")) }
}

/// The bytes of these pushes, exactly as received, one after the other in their order.
///
/// However many they are, a pack is read and unpacked once.
///
/// # Errors
/// Not found if one of them is missing.
pub fn load_pushes(conn: &mut Conn, org: OrgId, visit: VisitId, of: &BTreeSet<i64>) -> StoreResult<Vec<u8>> {
    let (Some(first), Some(last)) = (of.first(), of.last()) else { return Ok(Vec::new()) };
    let mut rows: Vec<(i64, Vec<u8>, Option<i64>)> = per_backend!(conn, c => doc_changes::table
        .filter(doc_changes::org_id.eq(Txt(org)).and(doc_changes::visit_id.eq(Txt(visit))))
        .filter(doc_changes::seq.between(*first, *last))
        .order(doc_changes::seq)
        .select((doc_changes::seq, doc_changes::bytes, doc_changes::packed_bytes))
        .load(c))?;
    rows.retain(|(seq, ..)| of.contains(seq));
    if rows.len() != of.len() {
        return Err(StoreError::NotFound);
    }
    let mut packed = BTreeMap::new();
    if rows.iter().any(|(_, _, size)| size.is_some()) {
        packed.extend(list_packed(conn, org, visit)?);
    }
    let mut all = Vec::new();
    for (seq, own, size) in rows {
        match size {
            Some(_) => all.extend(packed.get(&seq).ok_or(StoreError::NotFound)?),
            None => all.extend(own),
        }
    }
    Ok(all)
}

fn find_pack(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Option<PackRow>> {
    Ok(per_backend!(conn, c => doc_packs::table
        .find((Txt(org), Txt(visit)))
        .select(PackRow::as_select())
        .first(c)
        .optional())?)
}

fn unpack(pack: &PackRow) -> StoreResult<Vec<u8>> {
    let size = usize::try_from(pack.content_bytes).map_err(|error| corrupt(pack.visit_id.0, error))?;
    let content = zstd::bulk::decompress(&pack.bytes, size).map_err(|error| corrupt(pack.visit_id.0, error))?;
    if content.len() == size { Ok(content) } else { Err(corrupt(pack.visit_id.0, "it is shorter than it says")) }
}

fn size(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

fn corrupt(visit: VisitId, what: impl ToString) -> StoreError {
    StoreError::Corrupt { table: "doc_packs", id: visit.to_string(), what: what.to_string() }
}
