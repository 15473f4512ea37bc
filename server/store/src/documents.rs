//! Visit documents: the exact bytes received, the index of changes, a snapshot for reading.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;
use diesel::sql_types::Binary;
use sync_core::bytes::{Actor, BytesError, Hash};
use sync_core::ids::{DeviceId, OrgId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreError, StoreResult, expect_one};
use crate::hints::Topic;
use crate::one_of::one_of;
use crate::packs;
use crate::schema::{doc_actors, doc_changes, documents};
use crate::text::Txt;

diesel::define_sql_function! {
    /// Bytes of a blob, which is not read for it.
    fn length(bytes: Binary) -> Integer;
}

/// Heads of a document as one text: sorted hex, separated by spaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heads(pub Vec<Hash>);

impl fmt::Display for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, head) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            head.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for Heads {
    type Err = BytesError;

    fn from_str(text: &str) -> Result<Self, BytesError> {
        text.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// Feed positions of one push: `u:<user>=12 t:<team>=3`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushPositions(pub BTreeMap<String, i64>);

impl fmt::Display for PushPositions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (audience, pos)) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{audience}={pos}")?;
        }
        Ok(())
    }
}

/// Reports a text that is no list of positions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected audience=position, separated by spaces")]
pub struct PositionsError;

impl FromStr for PushPositions {
    type Err = PositionsError;

    fn from_str(text: &str) -> Result<Self, PositionsError> {
        text.split_ascii_whitespace()
            .map(|entry| {
                let (audience, pos) = entry.split_once('=')?;
                Some((audience.to_owned(), pos.parse().ok()?))
            })
            .collect::<Option<_>>()
            .map(Self)
            .ok_or(PositionsError)
    }
}

/// A visit document.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = documents, treat_none_as_default_value = false)]
pub struct DocumentRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Grows with each accepted push.
    pub version: i64,
    /// Heads.
    pub heads: Txt<Heads>,
    /// Encoded change index of `sync_core::guard`.
    pub change_index: Vec<u8>,
    /// Uncompressed document chunk.
    pub snapshot: Vec<u8>,
}

/// The document of a visit.
///
/// # Errors
/// Database errors only.
pub fn find_document(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Option<DocumentRow>> {
    Ok(per_backend!(conn, c => documents::table
        .find((Txt(org), Txt(visit)))
        .select(DocumentRow::as_select())
        .first(c)
        .optional())?)
}

/// The documents of these visits, as far as there are any.
///
/// # Errors
/// Database errors only.
pub fn list_documents(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<Vec<DocumentRow>> {
    Ok(per_backend!(conn, c => documents::table
        .filter(documents::org_id.eq(Txt(org)).and(one_of(documents::visit_id, of)))
        .select(DocumentRow::as_select())
        .load(c))?)
}

/// Bytes that [`list_documents`] would read for each of these visits that has a document; none of them is read for it.
///
/// # Errors
/// Database errors only.
pub fn list_sizes(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<BTreeMap<VisitId, usize>> {
    let rows: Vec<(Txt<VisitId>, i32, i32)> = per_backend!(conn, c => documents::table
        .filter(documents::org_id.eq(Txt(org)).and(one_of(documents::visit_id, of)))
        .select((documents::visit_id, length(documents::snapshot), length(documents::change_index)))
        .load(c))?;
    let bytes = |length: i32| usize::try_from(length).unwrap_or(0);
    Ok(rows.into_iter().map(|(visit, snapshot, index)| (visit.0, bytes(snapshot) + bytes(index))).collect())
}

/// The version of a visit's document; 0 if there is none.
///
/// # Errors
/// Database errors only.
pub fn find_document_version(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<i64> {
    let found: Option<i64> = per_backend!(conn, c => documents::table
        .find((Txt(org), Txt(visit)))
        .select(documents::version)
        .first(c)
        .optional())?;
    Ok(found.unwrap_or(0))
}

/// Adds documents of visits that have none, and tells who watches them.
///
/// # Errors
/// Conflict if another push came first.
pub fn insert_documents(conn: &mut Conn, rows: &[DocumentRow]) -> StoreResult<()> {
    insert_rows!(conn, documents::table, rows)?;
    rows.iter().for_each(|row| tell(conn, row));
    Ok(())
}

fn tell(conn: &mut Conn, row: &DocumentRow) {
    conn.tell(Topic::document(row.org_id.0, row.visit_id.0));
}

/// Writes a document whose earlier version was read, and tells who watches it.
///
/// # Concurrency
/// Optimistic: another push that committed since the read makes this one stale.
///
/// # Errors
/// Stale if another push came first.
pub fn update_document(conn: &mut Conn, row: &DocumentRow) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(documents::table.filter(
        documents::org_id.eq(row.org_id)
            .and(documents::visit_id.eq(row.visit_id))
            .and(documents::version.eq(row.version - 1)),
    )).set((
        documents::version.eq(row.version),
        documents::heads.eq(&row.heads),
        documents::change_index.eq(&row.change_index),
        documents::snapshot.eq(&row.snapshot),
        documents::pack_weight.eq(documents::pack_weight + 1i64),
    )).execute(c))?)?;
    tell(conn, row);
    Ok(())
}

/// The bytes of one accepted push.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = doc_changes, treat_none_as_default_value = false)]
pub struct DocChangeRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// The document version this push made.
    pub seq: i64,
    /// Who sent it.
    pub device_id: Txt<DeviceId>,
    /// When it arrived.
    pub received_at_ms: i64,
    /// Whether `bytes` are one document chunk; else change chunks one after the other.
    pub is_document_chunk: bool,
    /// Feed positions per audience.
    pub positions: Txt<PushPositions>,
    /// Exactly as received.
    pub bytes: Vec<u8>,
}

/// Whether these bytes are the first push of a document.
///
/// # Errors
/// Database errors only.
pub fn is_first_push(conn: &mut Conn, org: OrgId, visit: VisitId, bytes: &[u8]) -> StoreResult<bool> {
    match packs::load_pushes(conn, org, visit, &BTreeSet::from([1])) {
        Ok(first) => Ok(first == bytes),
        Err(StoreError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Appends the bytes of pushes.
///
/// # Errors
/// Database errors only.
pub fn insert_doc_changes(conn: &mut Conn, rows: &[DocChangeRow]) -> StoreResult<()> {
    insert_rows!(conn, doc_changes::table, rows)?;
    Ok(())
}

/// Every push of a document, in order.
///
/// # Errors
/// Database errors only.
pub fn list_doc_changes(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<DocChangeRow>> {
    let mut rows: Vec<DocChangeRow> = per_backend!(conn, c => doc_changes::table
        .filter(doc_changes::org_id.eq(Txt(org)).and(doc_changes::visit_id.eq(Txt(visit))))
        .order(doc_changes::seq)
        .select(DocChangeRow::as_select())
        .load(c))?;
    for (row, (seq, bytes)) in rows.iter_mut().zip(packs::list_packed(conn, org, visit)?) {
        if row.seq != seq {
            return Err(StoreError::Corrupt {
                table: "doc_changes",
                id: visit.to_string(),
                what: format!("push {seq} is missing"),
            });
        }
        row.bytes = bytes;
    }
    Ok(rows)
}

/// One accepted push without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = doc_changes)]
pub struct PushRow {
    /// The document version this push made.
    pub seq: i64,
    /// Who sent it.
    pub device_id: Txt<DeviceId>,
    /// Whether its bytes are one document chunk.
    pub is_document_chunk: bool,
    /// Feed positions per audience.
    pub positions: Txt<PushPositions>,
    /// Bytes in a pack, if it is packed.
    packed_bytes: Option<i64>,
    /// Bytes in its own row.
    #[diesel(select_expression = length(doc_changes::bytes), select_expression_type = length<doc_changes::bytes>)]
    own_bytes: i32,
}

impl PushRow {
    /// How many bytes it has, wherever they lie.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let bytes = self.packed_bytes.unwrap_or_else(|| self.own_bytes.into());
        usize::try_from(bytes).unwrap_or(0)
    }
}

/// Every push of a document without its bytes, in order.
///
/// # Errors
/// Database errors only.
pub fn list_pushes(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<PushRow>> {
    Ok(per_backend!(conn, c => doc_changes::table
        .filter(doc_changes::org_id.eq(Txt(org)).and(doc_changes::visit_id.eq(Txt(visit))))
        .order(doc_changes::seq)
        .select(PushRow::as_select())
        .load(c))?)
}

/// Heads of a visit's document.
///
/// # Errors
/// Database errors only.
pub fn find_heads(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Option<Vec<Hash>>> {
    Ok(find_heads_and_size(conn, org, visit)?.map(|(heads, _)| heads))
}

/// Heads of a visit's document, and the bytes of its snapshot, which is not read for it.
///
/// # Errors
/// Database errors only.
pub fn find_heads_and_size(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Option<(Vec<Hash>, usize)>> {
    let found: Option<(Txt<Heads>, i32)> = per_backend!(conn, c => documents::table
        .find((Txt(org), Txt(visit)))
        .select((documents::heads, length(documents::snapshot)))
        .first(c)
        .optional())?;
    Ok(found.map(|(heads, bytes)| (heads.0.0, usize::try_from(bytes).unwrap_or(0))))
}

/// Heads of the documents of these visits, as far as there are any.
///
/// # Errors
/// Database errors only.
pub fn list_heads(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<BTreeMap<VisitId, Vec<Hash>>> {
    let rows: Vec<(Txt<VisitId>, Txt<Heads>)> = per_backend!(conn, c => documents::table
        .filter(documents::org_id.eq(Txt(org)).and(one_of(documents::visit_id, of)))
        .select((documents::visit_id, documents::heads))
        .load(c))?;
    Ok(rows.into_iter().map(|(visit, heads)| (visit.0, heads.0.0)).collect())
}

/// A document for reading: its heads and its snapshot.
pub type Current = (Vec<Hash>, Vec<u8>);

/// Heads and snapshots of the documents of these visits, as far as there are any of at most so many bytes.
///
/// # Errors
/// Database errors only.
pub fn list_current(
    conn: &mut Conn,
    org: OrgId,
    of: &[VisitId],
    at_most: i32,
) -> StoreResult<BTreeMap<VisitId, Current>> {
    let rows: Vec<(Txt<VisitId>, Txt<Heads>, Vec<u8>)> = per_backend!(conn, c => documents::table
        .filter(documents::org_id.eq(Txt(org)).and(one_of(documents::visit_id, of)))
        .filter(length(documents::snapshot).le(at_most))
        .select((documents::visit_id, documents::heads, documents::snapshot))
        .load(c))?;
    Ok(rows.into_iter().map(|(visit, heads, snapshot)| (visit.0, (heads.0.0, snapshot))).collect())
}

/// Heads and snapshot of a visit's document.
///
/// # Errors
/// Database errors only.
pub fn find_current(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Option<Current>> {
    let found: Option<(Txt<Heads>, Vec<u8>)> = per_backend!(conn, c => documents::table
        .find((Txt(org), Txt(visit)))
        .select((documents::heads, documents::snapshot))
        .first(c)
        .optional())?;
    Ok(found.map(|(heads, snapshot)| (heads.0.0, snapshot)))
}

/// Whom an actor belongs to.
///
/// # Errors
/// Database errors only.
pub fn find_actor(conn: &mut Conn, org: OrgId, actor: Actor) -> StoreResult<Option<(VisitId, DeviceId)>> {
    let found: Option<(Txt<VisitId>, Txt<DeviceId>)> = per_backend!(conn, c => doc_actors::table
        .find((Txt(org), Txt(actor)))
        .select((doc_actors::visit_id, doc_actors::device_id))
        .first(c)
        .optional())?;
    Ok(found.map(|(visit, device)| (visit.0, device.0)))
}

/// An actor with the document and device that used it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Insertable)]
#[diesel(table_name = doc_actors, treat_none_as_default_value = false)]
pub struct ActorRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The actor.
    pub actor: Txt<Actor>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// The device.
    pub device_id: Txt<DeviceId>,
}

/// Binds actors to the devices and documents that used them first.
///
/// # Errors
/// Stale if somebody else was faster; the push must be judged again.
pub fn bind_actors(conn: &mut Conn, rows: &[ActorRow]) -> StoreResult<()> {
    let bound =
        for_rows!(conn, rows, part => diesel::insert_into(doc_actors::table).values(part).on_conflict_do_nothing())?;
    if bound == rows.len() {
        return Ok(());
    }
    for row in rows {
        if find_actor(conn, row.org_id.0, row.actor.0)? != Some((row.visit_id.0, row.device_id.0)) {
            return Err(StoreError::Stale);
        }
    }
    Ok(())
}
