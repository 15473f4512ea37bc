//! Photos that are near to an earlier one, and not near enough to be told.

use diesel::dsl::count_star;
use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::photo_near_misses;
use crate::text::Txt;

/// A photo that is near to an earlier one and was not told.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = photo_near_misses)]
pub struct NearMissRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Record id.
    pub photo_id: String,
    /// The content.
    pub sha256: Txt<Hash>,
    /// In how many bits it differs from the nearest.
    pub bits: i64,
    /// Whether that is of the same site.
    pub same_site: bool,
}

/// The near misses of a visit, by photo.
///
/// # Errors
/// Database errors only.
pub fn list_near_misses(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<NearMissRow>> {
    Ok(per_backend!(conn, c => photo_near_misses::table
        .filter(photo_near_misses::org_id.eq(Txt(org)).and(photo_near_misses::visit_id.eq(Txt(visit))))
        .order((photo_near_misses::photo_id, photo_near_misses::sha256))
        .select(NearMissRow::as_select())
        .load(c))?)
}

/// Writes the near misses of a visit in place of those before.
///
/// # Errors
/// Database errors only.
pub fn replace_near_misses(conn: &mut Conn, org: OrgId, visit: VisitId, rows: &[NearMissRow]) -> StoreResult<()> {
    per_backend!(conn, c => diesel::delete(photo_near_misses::table
        .filter(photo_near_misses::org_id.eq(Txt(org)).and(photo_near_misses::visit_id.eq(Txt(visit)))))
        .execute(c))?;
    Ok(insert_rows!(conn, photo_near_misses::table, rows)?)
}

/// How many photos are that near to one of another site, by bits.
///
/// # Errors
/// Database errors only.
pub fn count_elsewhere(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<(i64, i64)>> {
    Ok(per_backend!(conn, c => photo_near_misses::table
        .filter(photo_near_misses::org_id.eq(Txt(org)).and(photo_near_misses::same_site.eq(false)))
        .group_by(photo_near_misses::bits)
        .select((photo_near_misses::bits, count_star()))
        .order(photo_near_misses::bits)
        .load(c))?)
}
