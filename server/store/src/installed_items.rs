//! Materials and serial numbers of visits; rebuilt from the documents at any time, with [`crate::projections`].

use diesel::prelude::*;
use sync_core::ids::{OrgId, SiteId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{installed_items, visits, work_orders};
use crate::text::Txt;

/// [`InstalledItemRow::source`] of a record of material.
pub const MATERIAL: &str = "material";

/// [`InstalledItemRow::source`] of an answered serial number.
pub const ANSWER: &str = "answer";

/// Something that a visit says was used, or a serial number that it says was answered.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = installed_items, treat_none_as_default_value = false)]
pub struct InstalledItemRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Record id of the material, or code of the question.
    pub item_id: String,
    /// [`MATERIAL`] or [`ANSWER`].
    pub source: String,
    /// Place in operation order; answers come behind materials.
    pub ordinal: i64,
    /// Stock code; empty for an answer.
    pub sku: String,
    /// Quantity as a decimal string.
    pub quantity: String,
    /// Unit.
    pub unit: String,
    /// Serial number as written.
    pub serial: Option<String>,
    /// Serial number as serials are compared.
    pub serial_key: Option<String>,
    /// When it was noted, on the server's clock as well as known.
    pub at_ms: i64,
    /// Who noted it.
    pub noted_by: Txt<UserId>,
}

/// Where a serial number was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialSeen {
    /// What the visit says.
    pub item: InstalledItemRow,
    /// State of the visit.
    pub state: String,
    /// Its outcome.
    pub outcome: Option<String>,
    /// Kind of its order; absent without one.
    pub order_kind: Option<String>,
    /// Where; absent without an order.
    pub site: Option<SiteId>,
}

/// What visits say was used, in their order.
///
/// # Errors
/// Database errors only.
pub fn list_of_visits(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<Vec<InstalledItemRow>> {
    Ok(per_backend!(conn, c => installed_items::table
        .filter(installed_items::org_id.eq(Txt(org)).and(one_of(installed_items::visit_id, of)))
        .order((installed_items::visit_id, installed_items::ordinal))
        .select(InstalledItemRow::as_select())
        .load(c))?)
}

/// Where serials of these keys were seen, oldest first; the first `limit` of them.
///
/// # Errors
/// Database errors only.
pub fn list_of_serials(conn: &mut Conn, org: OrgId, keys: &[String], limit: i64) -> StoreResult<Vec<SerialSeen>> {
    type Seen = (InstalledItemRow, String, Option<String>, Option<String>, Option<Txt<SiteId>>);
    let rows: Vec<Seen> = per_backend!(conn, c => installed_items::table
        .inner_join(visits::table.on(visits::org_id.eq(installed_items::org_id)
            .and(visits::id.eq(installed_items::visit_id))))
        .left_join(work_orders::table.on(work_orders::org_id.eq(visits::org_id)
            .and(work_orders::id.nullable().eq(visits::work_order_id))))
        .filter(installed_items::org_id.eq(Txt(org)))
        .filter(one_of(installed_items::serial_key.assume_not_null(), keys))
        .order((installed_items::at_ms, installed_items::visit_id, installed_items::ordinal))
        .limit(limit)
        .select((
            InstalledItemRow::as_select(),
            visits::state,
            visits::outcome,
            work_orders::kind.nullable(),
            work_orders::site_id.nullable(),
        ))
        .load(c))?;
    let seen = |(item, state, outcome, order_kind, site): Seen| {
        let site = site.map(|id| id.0);
        SerialSeen { item, state, outcome, order_kind, site }
    };
    Ok(rows.into_iter().map(seen).collect())
}

/// Writes the rows of one visit in place of those before.
///
/// # Errors
/// Database errors only.
pub fn replace_items(conn: &mut Conn, org: OrgId, visit: VisitId, rows: &[InstalledItemRow]) -> StoreResult<()> {
    per_backend!(conn, c => diesel::delete(installed_items::table
        .filter(installed_items::org_id.eq(Txt(org)).and(installed_items::visit_id.eq(Txt(visit)))))
        .execute(c))?;
    insert_rows!(conn, installed_items::table, rows)?;
    Ok(())
}
