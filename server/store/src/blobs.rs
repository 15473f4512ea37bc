//! Blobs that are durable here, and which visits name them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, VisitId};

use crate::conn::Conn;
use crate::dialect;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::prepared::StaysPrepared as _;
use crate::schema::{blob_claims, blobs};
use crate::text::Txt;

/// A durable blob.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = blobs)]
pub struct BlobRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Name: SHA-256 of the content.
    pub sha256: Txt<Hash>,
    /// Size.
    pub bytes: i64,
    /// Media type by content.
    pub media_type: String,
    /// Who brought it.
    pub device_id: Txt<DeviceId>,
    /// When it became durable.
    pub received_at_ms: i64,
    /// `none`, `pending`, `ready` or `no_preview`.
    pub preview_state: String,
    /// Why there is no preview.
    pub preview_reason: Option<String>,
    /// Whether only revoked devices brought it: it does not count as held until the office re-drives it.
    pub is_quarantined: bool,
}

/// Records a durable blob; false if it was known.
///
/// # Concurrency
/// Waits for transactions that claim or store the same blob, so that either this one sees their claims
/// or they see this blob.
///
/// # Errors
/// Database errors only.
pub fn insert_blob(conn: &mut Conn, row: &BlobRow) -> StoreResult<bool> {
    dialect::lock_blobs(conn, row.org_id.0, [row.sha256.0])?;
    let inserted = per_backend!(conn, c => diesel::insert_into(blobs::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

/// Waits for transactions that claim or store a blob, so that either this one sees their claims or they see what this one
/// makes of the blob.
///
/// # Errors
/// Database errors only.
pub fn lock_blob(conn: &mut Conn, org: OrgId, sha256: Hash) -> StoreResult<()> {
    Ok(dialect::lock_blobs(conn, org, [sha256])?)
}

/// Names another device as the one that brought a blob, which counts from now on; its earlier bringer had been revoked.
///
/// # Errors
/// Stale if there is no such blob.
pub fn update_sender(
    conn: &mut Conn,
    org: OrgId,
    sha256: Hash,
    device: DeviceId,
    received_at_ms: i64,
) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(blobs::table.find((Txt(org), Txt(sha256))))
        .set((
            blobs::device_id.eq(Txt(device)),
            blobs::received_at_ms.eq(received_at_ms),
            blobs::is_quarantined.eq(false),
        ))
        .execute(c))?)
}

/// Counts a blob in quarantine as held from now on, as brought by this device.
///
/// # Errors
/// Stale if there is no such blob.
pub fn accept_blob(conn: &mut Conn, org: OrgId, sha256: Hash, device: DeviceId) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(blobs::table.find((Txt(org), Txt(sha256))))
        .set((blobs::device_id.eq(Txt(device)), blobs::is_quarantined.eq(false)))
        .execute(c))?)
}

/// The blob of this name.
///
/// # Errors
/// Database errors only.
pub fn find_blob(conn: &mut Conn, org: OrgId, sha256: Hash) -> StoreResult<Option<BlobRow>> {
    Ok(per_backend!(conn, c => blobs::table
        .find((Txt(org), Txt(sha256)))
        .select(BlobRow::as_select())
        .first(c)
        .optional())?)
}

/// The blobs of these names, as far as they are here.
///
/// # Errors
/// Database errors only.
pub fn list_blobs(conn: &mut Conn, org: OrgId, of: &[Hash]) -> StoreResult<Vec<BlobRow>> {
    Ok(per_backend!(conn, c => blobs::table
        .filter(blobs::org_id.eq(Txt(org)).and(one_of(blobs::sha256, of)))
        .select(BlobRow::as_select())
        .load(c))?)
}

/// A picture that is to be ingested.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = blobs)]
pub struct DueRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The picture.
    pub sha256: Txt<Hash>,
    /// Size.
    pub bytes: i64,
    /// When it became durable.
    pub received_at_ms: i64,
    /// `pending`, `ready` where it has copies already, or `no_preview`.
    pub preview_state: String,
    /// How often it was begun and never ended.
    pub ingest_attempts: Option<i64>,
    /// When it is tried again, where that is planned.
    pub ingest_due_ms: Option<i64>,
    /// How often it was planned that it is tried again.
    pub ingest_retries: Option<i64>,
}

/// The first organisation behind one that has pictures nobody can see small yet.
///
/// # Errors
/// Database errors only.
pub fn find_pending_org(conn: &mut Conn, after: Option<OrgId>) -> StoreResult<Option<OrgId>> {
    let after = after.map(|org| org.to_string()).unwrap_or_default();
    let found: Option<Txt<OrgId>> = per_backend!(conn, c => blobs::table
        // Written out: SQLite takes the index of pending pictures only where the text says the same as the index.
        .filter(sql::<Bool>("preview_state = 'pending' AND org_id > ").bind::<Text, _>(&after))
        .order(blobs::org_id)
        .select(blobs::org_id)
        .limit(1)
        .stays_prepared()
        .get_result(c)
        .optional())?;
    Ok(found.map(|org| org.0))
}

/// Pictures of an organisation that nobody can see small yet, oldest first, behind one of them.
///
/// # Errors
/// Database errors only.
pub fn list_pending(conn: &mut Conn, org: OrgId, after: Option<&DueRow>, limit: i64) -> StoreResult<Vec<DueRow>> {
    let place = |row: &DueRow| (row.received_at_ms, row.sha256.to_string());
    let (received, sha256) = after.map_or((i64::MIN, String::new()), place);
    Ok(per_backend!(conn, c => blobs::table
        .filter(blobs::org_id.eq(Txt(org)))
        // As where the organisation is found.
        .filter(sql::<Bool>("preview_state = 'pending' AND (received_at_ms, sha256) > (")
            .bind::<BigInt, _>(received).sql(", ").bind::<Text, _>(&sha256).sql(")"))
        .order((blobs::received_at_ms, blobs::sha256))
        .limit(limit)
        .select(DueRow::as_select())
        .stays_prepared().load(c))?)
}

/// Pictures with copies, and those that have none, that no ingest of this version has looked at, newest first, behind one
/// of them.
///
/// A photo of a format that nobody decoded when it came is among them.
///
/// # Errors
/// Database errors only.
pub fn list_outdated(conn: &mut Conn, version: i64, before: Option<&DueRow>, limit: i64) -> StoreResult<Vec<DueRow>> {
    let (received, org, sha256) = before.map_or((i64::MAX, String::new(), String::new()), place);
    // The index `blobs_outdated` says the same of the current version.
    let due = format!(
        "preview_state IN ('ready', 'no_preview') AND ingest_version < {version} \
         AND (received_at_ms, org_id, sha256) < ("
    );
    Ok(per_backend!(conn, c => blobs::table
        .filter(sql::<Bool>(&due)
            .bind::<BigInt, _>(received).sql(", ").bind::<Text, _>(&org).sql(", ").bind::<Text, _>(&sha256).sql(")"))
        .order((blobs::received_at_ms.desc(), blobs::org_id.desc(), blobs::sha256.desc()))
        .limit(limit)
        .select(DueRow::as_select())
        .stays_prepared().load(c))?)
}

/// Pictures that were given up and are to be tried again by now, in the order in which they are due, behind one of them.
///
/// # Errors
/// Database errors only.
pub fn list_due_again(conn: &mut Conn, now_ms: i64, after: Option<&DueRow>, limit: i64) -> StoreResult<Vec<DueRow>> {
    let place = |row: &DueRow| (row.ingest_due_ms.unwrap_or(i64::MIN), row.org_id.to_string(), row.sha256.to_string());
    let (due, org, sha256) = after.map_or((i64::MIN, String::new(), String::new()), place);
    Ok(per_backend!(conn, c => blobs::table
        .filter(blobs::ingest_due_ms.le(now_ms))
        // The index `blobs_due_again` says the same.
        .filter(sql::<Bool>("ingest_due_ms IS NOT NULL AND (ingest_due_ms, org_id, sha256) > (")
            .bind::<BigInt, _>(due).sql(", ").bind::<Text, _>(&org).sql(", ").bind::<Text, _>(&sha256).sql(")"))
        .order((blobs::ingest_due_ms, blobs::org_id, blobs::sha256))
        .limit(limit)
        .select(DueRow::as_select())
        .stays_prepared().load(c))?)
}

/// Where a picture stands in the order of arrival.
fn place(row: &DueRow) -> (i64, String, String) {
    (row.received_at_ms, row.org_id.to_string(), row.sha256.to_string())
}

/// Notes that a picture is begun; returns how often it was begun before and never ended, `None` if it is not due.
///
/// # Concurrency
/// For whoever has claimed the picture.
///
/// # Errors
/// Database errors only.
pub fn begin_ingest(conn: &mut Conn, org: OrgId, sha256: Hash, version: i64, now_ms: i64) -> StoreResult<Option<i64>> {
    let is_outdated = blobs::preview_state.eq_any(["ready", "no_preview"]).and(blobs::ingest_version.lt(version));
    // Null where it is not planned, which is not true.
    let is_due_again = blobs::ingest_due_ms.le(now_ms).assume_not_null();
    let found: Option<Option<i64>> = per_backend!(conn, c => blobs::table
        .find((Txt(org), Txt(sha256)))
        .filter(blobs::preview_state.eq("pending").or(is_outdated).or(is_due_again))
        .select(blobs::ingest_attempts)
        .first(c)
        .optional())?;
    let Some(before) = found.map(Option::unwrap_or_default) else { return Ok(None) };
    set_attempts(conn, org, sha256, before.saturating_add(1))?;
    Ok(Some(before))
}

/// Sets how often a picture was begun and never ended.
///
/// # Errors
/// Stale if there is no such blob.
pub fn set_attempts(conn: &mut Conn, org: OrgId, sha256: Hash, attempts: i64) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(blobs::table.find((Txt(org), Txt(sha256))))
        .set(blobs::ingest_attempts.eq(attempts))
        .execute(c))?)
}

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// The version of the ingest.
    pub version: i64,
    /// `ready` or `no_preview`.
    pub state: &'a str,
    /// Why it gave nothing.
    pub reason: Option<&'a str>,
    /// When it is tried again, and how often that was planned with this time.
    pub again: Option<(i64, i64)>,
}

/// Sets what became of a picture that was begun so often; false if it was begun anew meanwhile, or is to be: then this
/// is not what became of it.
///
/// One that is tried again counts as begun once, so that it is begun alone and not begun twice in vain.
///
/// # Errors
/// Database errors only.
pub fn end_ingest(conn: &mut Conn, org: OrgId, sha256: Hash, attempts: i64, outcome: Outcome<'_>) -> StoreResult<bool> {
    let Outcome { version, state, reason, again } = outcome;
    let begun = blobs::table.find((Txt(org), Txt(sha256)));
    let begun = begun.filter(sql::<BigInt>("COALESCE(ingest_attempts, 0)").eq(attempts));
    Ok(per_backend!(conn, c => diesel::update(begun)
        .set((
            blobs::preview_state.eq(state),
            blobs::preview_reason.eq(reason),
            blobs::ingest_attempts.eq(again.map(|_planned| 1_i64)),
            blobs::ingest_version.eq(version),
            blobs::ingest_due_ms.eq(again.map(|(due_ms, _)| due_ms)),
            blobs::ingest_retries.eq(again.map(|(_, retries)| retries)),
        ))
        .execute(c))?
        == 1)
}

/// Lets the ingest of a picture that is under way count for nothing: its bytes have been written anew meanwhile.
///
/// # Errors
/// Database errors only.
pub fn forget_begun_ingest(conn: &mut Conn, org: OrgId, sha256: Hash) -> StoreResult<()> {
    let begun = blobs::table.find((Txt(org), Txt(sha256))).filter(blobs::ingest_attempts.is_not_null());
    per_backend!(conn, c => diesel::update(begun).set(blobs::ingest_attempts.eq(None::<i64>)).execute(c))?;
    Ok(())
}

/// Lets a picture be ingested anew, as if it had just arrived.
///
/// # Errors
/// Stale if there is no such blob.
pub fn ingest_again(conn: &mut Conn, org: OrgId, sha256: Hash) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(blobs::table.find((Txt(org), Txt(sha256))))
        .set((
            blobs::preview_state.eq("pending"),
            blobs::preview_reason.eq(None::<String>),
            blobs::ingest_attempts.eq(None::<i64>),
            blobs::ingest_due_ms.eq(None::<i64>),
            blobs::ingest_retries.eq(None::<i64>),
        ))
        .execute(c))?)
}

/// Lets a picture with copies be measured anew, as if no version had done it.
///
/// # Errors
/// Stale if there is no such blob.
pub fn measure_again(conn: &mut Conn, org: OrgId, sha256: Hash) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(blobs::table.find((Txt(org), Txt(sha256))))
        .set((
            blobs::preview_reason.eq(None::<String>),
            blobs::ingest_attempts.eq(None::<i64>),
            blobs::ingest_due_ms.eq(None::<i64>),
            blobs::ingest_retries.eq(None::<i64>),
            blobs::ingest_version.eq(0_i64),
        ))
        .execute(c))?)
}

/// What names a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimSource {
    /// Photo and other records of the visit document.
    Photo,
    /// Openings and inks of a statement.
    Statement,
}

impl ClaimSource {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Statement => "statement",
        }
    }
}

/// A blob that a visit names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The blob.
    pub sha256: Hash,
    /// Whether the evidence is incomplete without it; false for withdrawn photos.
    pub is_required: bool,
}

/// What visits claim, each visit once.
pub type Claims = BTreeMap<VisitId, BTreeSet<Claim>>;

#[derive(Insertable)]
#[diesel(table_name = blob_claims, treat_none_as_default_value = false)]
struct NewClaimRow {
    org_id: Txt<OrgId>,
    visit_id: Txt<VisitId>,
    sha256: Txt<Hash>,
    source: &'static str,
    is_required: bool,
}

/// Removes the claims of visits from one source.
///
/// # Errors
/// Database errors only.
pub fn delete_claims(conn: &mut Conn, org: OrgId, of: &[VisitId], source: ClaimSource) -> StoreResult<()> {
    for visit in of {
        per_backend!(conn, c => diesel::delete(blob_claims::table.filter(
            blob_claims::org_id.eq(Txt(org))
                .and(blob_claims::visit_id.eq(Txt(*visit)))
                .and(blob_claims::source.eq(source.as_str())),
        )).execute(c))?;
    }
    Ok(())
}

/// Adds claims of visits; known ones stay.
///
/// # Concurrency
/// Waits for transactions that store the same blobs.
///
/// # Errors
/// Database errors only.
pub fn add_claims(conn: &mut Conn, org: OrgId, source: ClaimSource, claims: &Claims) -> StoreResult<()> {
    let claimed = claims.iter().flat_map(|(visit, claims)| claims.iter().map(|claim| (*visit, *claim)));
    let rows: Vec<NewClaimRow> = claimed
        .map(|(visit, claim)| NewClaimRow {
            org_id: Txt(org),
            visit_id: Txt(visit),
            sha256: Txt(claim.sha256),
            source: source.as_str(),
            is_required: claim.is_required,
        })
        .collect();
    dialect::lock_blobs(conn, org, rows.iter().map(|row| row.sha256.0))?;
    for_rows!(conn, rows, part => diesel::insert_into(blob_claims::table).values(part).on_conflict_do_nothing())?;
    Ok(())
}

/// The visits that name a blob.
///
/// # Errors
/// Database errors only.
pub fn list_claiming_visits(conn: &mut Conn, org: OrgId, sha256: Hash) -> StoreResult<BTreeSet<VisitId>> {
    let visits: Vec<Txt<VisitId>> = per_backend!(conn, c => blob_claims::table
        .filter(blob_claims::org_id.eq(Txt(org)).and(blob_claims::sha256.eq(Txt(sha256))))
        .select(blob_claims::visit_id)
        .load(c))?;
    Ok(visits.into_iter().map(|visit| visit.0).collect())
}

/// Those of some visits whose documents name a blob that is here, whoever brought it.
///
/// # Errors
/// Database errors only.
pub fn list_with_bytes(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<BTreeSet<VisitId>> {
    let visits: Vec<Txt<VisitId>> = per_backend!(conn, c => blob_claims::table
        .inner_join(blobs::table.on(blobs::org_id.eq(blob_claims::org_id).and(blobs::sha256.eq(blob_claims::sha256))))
        .filter(blob_claims::org_id.eq(Txt(org)).and(one_of(blob_claims::visit_id, of)))
        .filter(blob_claims::source.eq(ClaimSource::Photo.as_str()))
        .select(blob_claims::visit_id)
        .load(c))?;
    Ok(visits.into_iter().map(|visit| visit.0).collect())
}

/// Blobs a visit needs and the server does not hold yet.
///
/// A blob in quarantine, for only revoked devices brought it, does not count as held.
///
/// # Errors
/// Database errors only.
pub fn list_missing(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<BTreeSet<Hash>> {
    Ok(list_missing_of(conn, org, &[visit])?.remove(&visit).unwrap_or_default())
}

/// Blobs that visits need and the server does not hold yet; visits that need none are left out.
///
/// A blob in quarantine, for only revoked devices brought it, does not count as held.
///
/// # Errors
/// Database errors only.
pub fn list_missing_of(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<BTreeMap<VisitId, BTreeSet<Hash>>> {
    if of.is_empty() {
        return Ok(BTreeMap::new());
    }
    let needed: Vec<(Txt<VisitId>, Txt<Hash>)> = per_backend!(conn, c => blob_claims::table
        .filter(blob_claims::org_id.eq(Txt(org))
            .and(one_of(blob_claims::visit_id, of))
            .and(blob_claims::is_required.eq(true)))
        .select((blob_claims::visit_id, blob_claims::sha256))
        .load(c))?;
    let held: Vec<Txt<Hash>> = per_backend!(conn, c => blob_claims::table
        .inner_join(blobs::table.on(blobs::org_id.eq(blob_claims::org_id).and(blobs::sha256.eq(blob_claims::sha256))))
        .filter(blob_claims::org_id.eq(Txt(org)).and(one_of(blob_claims::visit_id, of)))
        .filter(blobs::is_quarantined.eq(false))
        .select(blob_claims::sha256)
        .load(c))?;
    let held: BTreeSet<Hash> = held.into_iter().map(|hash| hash.0).collect();
    let mut missing: BTreeMap<VisitId, BTreeSet<Hash>> = BTreeMap::new();
    for (visit, sha256) in needed.into_iter().filter(|(_, sha256)| !held.contains(&sha256.0)) {
        missing.entry(visit.0).or_default().insert(sha256.0);
    }
    Ok(missing)
}
