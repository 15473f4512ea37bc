//! Photos that were looked at, in the order in which they were, and their prints.

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, SiteId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{blob_facts, photo_sightings};
use crate::text::Txt;

/// A photo of a visit that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = photo_sightings, treat_none_as_default_value = false)]
pub struct SightingRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Record id.
    pub photo_id: String,
    /// The content.
    pub sha256: Txt<Hash>,
    /// Place in the order of the organisation, from 1.
    pub seq: i64,
    /// Where the visit takes place.
    pub site_id: Option<Txt<SiteId>>,
    /// The phone that wrote the record.
    pub device_id: Option<Txt<DeviceId>>,
    /// When it was taken, as well as the clocks tell.
    pub taken_at_ms: i64,
}

/// The last place in the order of an organisation; 0 if nothing was looked at.
///
/// # Errors
/// Database errors only.
pub fn last_seq(conn: &mut Conn, org: OrgId) -> StoreResult<i64> {
    let last: Option<i64> = per_backend!(conn, c => photo_sightings::table
        .filter(photo_sightings::org_id.eq(Txt(org)))
        .order(photo_sightings::seq.desc())
        .select(photo_sightings::seq)
        .first(c)
        .optional())?;
    Ok(last.unwrap_or_default())
}

/// The photos of a visit that were looked at.
///
/// # Errors
/// Database errors only.
pub fn list_of_visit(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<SightingRow>> {
    Ok(per_backend!(conn, c => photo_sightings::table
        .filter(photo_sightings::org_id.eq(Txt(org)).and(photo_sightings::visit_id.eq(Txt(visit))))
        .order((photo_sightings::photo_id, photo_sightings::sha256))
        .select(SightingRow::as_select())
        .load(c))?)
}

/// Photos of other visits with one of these contents that were looked at before a place in the order, the first first.
///
/// # Errors
/// Database errors only.
pub fn list_before(
    conn: &mut Conn,
    (org, visit): (OrgId, VisitId),
    contents: &[Hash],
    before: i64,
    limit: i64,
) -> StoreResult<Vec<SightingRow>> {
    Ok(per_backend!(conn, c => photo_sightings::table
        .filter(photo_sightings::org_id.eq(Txt(org)).and(one_of(photo_sightings::sha256, contents)))
        .filter(photo_sightings::seq.lt(before).and(photo_sightings::visit_id.ne(Txt(visit))))
        .order(photo_sightings::seq)
        .limit(limit)
        .select(SightingRow::as_select())
        .load(c))?)
}

/// How many photos were looked at.
///
/// # Errors
/// Database errors only.
pub fn count_sightings(conn: &mut Conn, org: OrgId) -> StoreResult<i64> {
    Ok(per_backend!(conn, c => photo_sightings::table
        .filter(photo_sightings::org_id.eq(Txt(org)))
        .count()
        .get_result(c))?)
}

/// Notes that photos were looked at.
///
/// # Errors
/// Conflict if a photo was, or a place in the order is taken: another node looked at photos meanwhile.
pub fn insert_sightings(conn: &mut Conn, rows: &[SightingRow]) -> StoreResult<()> {
    Ok(insert_rows!(conn, photo_sightings::table, rows)?)
}

/// The prints of one photo that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenPrints {
    /// Place in the order of the organisation.
    pub seq: i64,
    /// The content.
    pub sha256: Hash,
    /// The prints, as they are stored.
    pub prints: Vec<u8>,
}

/// The prints of photos behind a place in the order; those without are left out.
///
/// # Errors
/// Database errors only.
pub fn list_prints(conn: &mut Conn, org: OrgId, after: i64, limit: i64) -> StoreResult<Vec<SeenPrints>> {
    let rows: Vec<(i64, Txt<Hash>, Vec<u8>)> = per_backend!(conn, c => photo_sightings::table
        .inner_join(blob_facts::table.on(blob_facts::org_id.eq(photo_sightings::org_id)
            .and(blob_facts::sha256.eq(photo_sightings::sha256))))
        .filter(photo_sightings::org_id.eq(Txt(org)).and(photo_sightings::seq.gt(after)))
        .order(photo_sightings::seq)
        .limit(limit)
        .select((photo_sightings::seq, photo_sightings::sha256, blob_facts::prints))
        .load(c))?;
    Ok(rows.into_iter().map(|(seq, sha256, prints)| SeenPrints { seq, sha256: sha256.0, prints }).collect())
}
