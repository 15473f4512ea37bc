//! Sites: where customers are served.

use std::collections::BTreeSet;

use diesel::prelude::*;
use sync_core::ids::{CustomerId, GridId, OrgId, SiteId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::{sites, visits, work_orders};
use crate::search_terms::{TermOf, TermRow, insert_terms, terms_of};
use crate::text::Txt;

/// A site; the folded column serves the search only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = sites, treat_none_as_default_value = false)]
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
    insert_terms(conn, &terms(row))
}

/// By what a site is found.
fn terms(row: &SiteRecord) -> Vec<TermRow> {
    terms_of(row.org_id.0, TermOf::Site, &row.address_folded, row.id)
}

/// Adds many sites.
///
/// # Errors
/// Conflict if an id is taken or a customer or grid is unknown.
pub fn insert_sites(conn: &mut Conn, rows: &[SiteRecord]) -> StoreResult<()> {
    insert_rows!(conn, sites::table, rows)?;
    insert_terms(conn, &rows.iter().flat_map(terms).collect::<Vec<_>>())
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

/// Writes where a site is if the stored version is `row.version - 1`.
///
/// # Errors
/// Stale if somebody else was faster.
pub fn update_position(conn: &mut Conn, row: &SiteRecord) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(sites::table
        .filter(sites::org_id.eq(row.org_id).and(sites::id.eq(row.id)).and(sites::version.eq(row.version - 1))))
        .set((
            sites::lat_udeg.eq(row.lat_udeg),
            sites::lon_udeg.eq(row.lon_udeg),
            sites::acc_m.eq(row.acc_m),
            sites::datum.eq(&row.datum),
            sites::version.eq(row.version),
        ))
        .execute(c))?)
}

/// The visits that take place at a site.
///
/// # Errors
/// Database errors only.
pub fn list_visits_at(conn: &mut Conn, row: &SiteRecord) -> StoreResult<Vec<VisitId>> {
    // By customer, because that has an index.
    let visits: Vec<Txt<VisitId>> = per_backend!(conn, c => work_orders::table
        .inner_join(visits::table.on(visits::org_id.eq(work_orders::org_id)
            .and(visits::work_order_id.eq(work_orders::id.nullable()))))
        .filter(work_orders::org_id.eq(row.org_id).and(work_orders::customer_id.eq(row.customer_id)))
        .filter(work_orders::site_id.eq(row.id))
        .order(visits::id)
        .select(visits::id)
        .load(c))?;
    Ok(visits.into_iter().map(|visit| visit.0).collect())
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

/// Sites with one of these folded addresses, oldest first, at most `limit`.
///
/// # Errors
/// Database errors only.
pub fn list_by_address(
    conn: &mut Conn,
    org: OrgId,
    addresses: &BTreeSet<String>,
    limit: i64,
) -> StoreResult<Vec<SiteRecord>> {
    Ok(per_backend!(conn, c => sites::table
        .filter(sites::org_id.eq(Txt(org)).and(one_of(sites::address_folded, addresses)))
        // An expression instead of the column keeps the engine from walking the primary key.
        .order(sites::id.concat(""))
        .limit(limit)
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
