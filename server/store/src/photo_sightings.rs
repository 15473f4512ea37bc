//! Photos that were looked at, in the order in which they were, and their prints.

use std::collections::BTreeSet;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, SiteId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::prepared::StaysPrepared as _;
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
    /// Since which place its prints are compared with: its own, or a later one where they were made later; nothing where
    /// none were made so far.
    pub prints_seq: Option<i64>,
}

/// The last place in the order of an organisation, of a photo or of prints that came later; 0 if nothing was looked at.
///
/// # Errors
/// Database errors only.
pub fn last_seq(conn: &mut Conn, org: OrgId) -> StoreResult<i64> {
    let photo: Option<i64> = per_backend!(conn, c => photo_sightings::table
        .filter(photo_sightings::org_id.eq(Txt(org)))
        .order(photo_sightings::seq.desc())
        .select(photo_sightings::seq)
        .first(c)
        .optional())?;
    let prints: Option<Option<i64>> = per_backend!(conn, c => photo_sightings::table
        .filter(photo_sightings::org_id.eq(Txt(org)).and(photo_sightings::prints_seq.is_not_null()))
        .order(photo_sightings::prints_seq.desc())
        .select(photo_sightings::prints_seq)
        .first(c)
        .optional())?;
    Ok(photo.max(prints.flatten()).unwrap_or_default())
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

/// Photos of other visits with one of these contents that were looked at before a place in the order, the first first: of
/// each content only the first ones, so that one that is everywhere hides no other.
///
/// # Errors
/// Database errors only.
pub fn list_before(
    conn: &mut Conn,
    (org, visit): (OrgId, VisitId),
    contents: &[Hash],
    before: i64,
    limit_each: i64,
) -> StoreResult<Vec<SightingRow>> {
    let most = limit_each.saturating_mul(i64::try_from(contents.len()).unwrap_or(i64::MAX));
    // Ends after so many rows of the index by content, however many there are.
    let has_room = || {
        sql::<Bool>(
            "NOT EXISTS (SELECT 1 FROM photo_sightings AS former WHERE former.org_id = photo_sightings.org_id \
             AND former.sha256 = photo_sightings.sha256 AND former.seq < photo_sightings.seq AND former.visit_id <> ",
        )
        .bind::<Text, _>(visit.to_string())
        .sql(" ORDER BY former.seq LIMIT 1 OFFSET ")
        .bind::<BigInt, _>(limit_each.saturating_sub(1))
        .sql(")")
    };
    Ok(per_backend!(conn, c => photo_sightings::table
        .filter(photo_sightings::org_id.eq(Txt(org)).and(one_of(photo_sightings::sha256, contents)))
        .filter(photo_sightings::seq.lt(before).and(photo_sightings::visit_id.ne(Txt(visit))))
        .filter(has_room())
        .order(photo_sightings::seq)
        // Of one content no row behind its last one is looked at.
        .limit(most)
        .select(SightingRow::as_select())
        .stays_prepared()
        .load(c))?)
}

/// Other visits with a photo of one of these contents that was looked at behind a place in the order.
///
/// # Errors
/// Database errors only.
pub fn list_visits_behind(
    conn: &mut Conn,
    (org, visit): (OrgId, VisitId),
    contents: &[Hash],
    behind: i64,
) -> StoreResult<BTreeSet<VisitId>> {
    let visits: Vec<Txt<VisitId>> = per_backend!(conn, c => photo_sightings::table
        .filter(photo_sightings::org_id.eq(Txt(org)).and(one_of(photo_sightings::sha256, contents)))
        .filter(photo_sightings::seq.gt(behind).and(photo_sightings::visit_id.ne(Txt(visit))))
        .select(photo_sightings::visit_id)
        .distinct()
        .load(c))?;
    Ok(visits.into_iter().map(|visit| visit.0).collect())
}

/// Notes since when the prints of a photo are compared with that were made after it was looked at.
///
/// # Errors
/// Stale if they are already; conflict if the place is taken: another node looked at photos meanwhile.
pub fn set_prints_seq(conn: &mut Conn, row: &SightingRow, prints_seq: i64) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(photo_sightings::table
        .find((row.org_id, row.visit_id, &row.photo_id, row.sha256))
        .filter(photo_sightings::prints_seq.is_null()))
        .set(photo_sightings::prints_seq.eq(Some(prints_seq)))
        .execute(c))?)
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
    /// Since which place in the order of the organisation they are compared with.
    pub seq: i64,
    /// The content.
    pub sha256: Hash,
    /// The prints, as they are stored.
    pub prints: Vec<u8>,
}

/// The prints of photos behind a place in the order, by when they came; those without are left out.
///
/// # Errors
/// Database errors only.
pub fn list_prints(conn: &mut Conn, org: OrgId, after: i64, limit: i64) -> StoreResult<Vec<SeenPrints>> {
    let rows: Vec<(Option<i64>, Txt<Hash>, Vec<u8>)> = per_backend!(conn, c => photo_sightings::table
        .inner_join(blob_facts::table.on(blob_facts::org_id.eq(photo_sightings::org_id)
            .and(blob_facts::sha256.eq(photo_sightings::sha256))))
        .filter(photo_sightings::org_id.eq(Txt(org)).and(photo_sightings::prints_seq.gt(after)))
        .order(photo_sightings::prints_seq)
        .limit(limit)
        .select((photo_sightings::prints_seq, photo_sightings::sha256, blob_facts::prints))
        .load(c))?;
    let seen = |(seq, sha256, prints): (Option<i64>, Txt<Hash>, Vec<u8>)| {
        Some(SeenPrints { seq: seq?, sha256: sha256.0, prints })
    };
    Ok(rows.into_iter().filter_map(seen).collect())
}
