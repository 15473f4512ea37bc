//! Sites: where customers are served.

use diesel::prelude::*;
use sync_core::ids::{CustomerId, GridId, OrgId, SiteId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::sites;
use crate::text::Txt;

/// A site; the folded column serves the search only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = sites)]
pub struct SiteRecord {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id.
    pub id: Txt<SiteId>,
    /// Whose it is.
    pub customer_id: Txt<CustomerId>,
    /// Grid.
    pub grid_id: Option<Txt<GridId>>,
    /// Address.
    pub address: String,
    /// Address as it is searched.
    pub address_folded: String,
    /// Latitude in microdegrees.
    pub lat_udeg: Option<i64>,
    /// Longitude in microdegrees.
    pub lon_udeg: Option<i64>,
    /// Radius of uncertainty in metres.
    pub acc_m: Option<i64>,
    /// Coordinate datum.
    pub datum: Option<String>,
    /// `urban_residential`, `rural` or `business`.
    pub scene: String,
    /// How to get in.
    pub access_note: Option<String>,
    /// Version of the row.
    pub version: i64,
    /// When it was made.
    pub created_at_ms: i64,
}

/// Adds a site.
///
/// # Errors
/// Conflict if the id is taken or customer or grid are unknown.
pub fn insert_site(conn: &mut Conn, row: &SiteRecord) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(sites::table).values(row).execute(c))?;
    Ok(())
}

/// The site of this id.
///
/// # Errors
/// Database errors only.
pub fn find_site(conn: &mut Conn, org: OrgId, id: SiteId) -> StoreResult<Option<SiteRecord>> {
    Ok(per_backend!(conn, c => sites::table
        .find((Txt(org), Txt(id)))
        .select(SiteRecord::as_select())
        .first(c)
        .optional())?)
}

/// The sites of these ids, as far as there are any.
///
/// # Errors
/// Database errors only.
pub fn list_by_id(conn: &mut Conn, org: OrgId, ids: &[SiteId]) -> StoreResult<Vec<SiteRecord>> {
    Ok(per_backend!(conn, c => sites::table
        .filter(sites::org_id.eq(Txt(org)).and(one_of(sites::id, ids)))
        .select(SiteRecord::as_select())
        .load(c))?)
}

/// Sites of a customer, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_sites_of(conn: &mut Conn, org: OrgId, customer: CustomerId) -> StoreResult<Vec<SiteRecord>> {
    Ok(per_backend!(conn, c => sites::table
        .filter(sites::org_id.eq(Txt(org)).and(sites::customer_id.eq(Txt(customer))))
        .order(sites::id)
        .select(SiteRecord::as_select())
        .load(c))?)
}
