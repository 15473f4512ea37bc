//! Work orders.

use std::collections::BTreeSet;

use diesel::dsl::exists;
use diesel::prelude::*;
use sync_core::ids::{CustomerId, OrgId, SiteId, UserId, WorkOrderId};

use crate::conn::Conn;
use crate::customers::containing;
use crate::dialect::lock_work_order;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::{assignments, sites, visits, work_orders};
use crate::text::Txt;

/// A work order; `fields` is a JSON object of texts.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = work_orders, treat_none_as_default_value = false)]
pub struct WorkOrderRecord {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id.
    pub id: Txt<WorkOrderId>,
    /// Number in the organisation's series.
    pub number: Option<String>,
    /// Number in the ordering system, unique in the organisation.
    pub external_ref: Option<String>,
    /// The 209 number of broadband orders.
    pub number_209: Option<String>,
    /// Type of rulebook 1.2.
    pub kind: String,
    /// Channel of rulebook 1.2.
    pub channel: String,
    /// Whose order.
    pub customer_id: Txt<CustomerId>,
    /// Where.
    pub site_id: Txt<SiteId>,
    /// Order fields as JSON.
    pub fields: String,
    /// Higher goes first.
    pub priority: i64,
    /// Version of the row.
    pub version: i64,
    /// When it was made.
    pub created_at_ms: i64,
}

/// Adds a work order.
///
/// # Errors
/// Conflict if number or `external_ref` are taken, or customer or site unknown.
pub fn insert_work_order(conn: &mut Conn, row: &WorkOrderRecord) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(work_orders::table).values(row).execute(c))?;
    Ok(())
}

/// Adds many work orders.
///
/// # Errors
/// Conflict if a number or an `external_ref` is taken, or a customer or site is unknown.
pub fn insert_work_orders(conn: &mut Conn, rows: &[WorkOrderRecord]) -> StoreResult<()> {
    Ok(insert_rows!(conn, work_orders::table, rows)?)
}

/// The work order of this id.
///
/// # Errors
/// Database errors only.
pub fn find_work_order(conn: &mut Conn, org: OrgId, id: WorkOrderId) -> StoreResult<Option<WorkOrderRecord>> {
    Ok(per_backend!(conn, c => work_orders::table
        .find((Txt(org), Txt(id)))
        .select(WorkOrderRecord::as_select())
        .first(c)
        .optional())?)
}

/// The work order of this id, that nobody else changes or plans visits of before this transaction ends.
///
/// # Errors
/// Database errors only.
pub fn find_locked(conn: &mut Conn, org: OrgId, id: WorkOrderId) -> StoreResult<Option<WorkOrderRecord>> {
    lock_work_order(conn, org, id)?;
    find_work_order(conn, org, id)
}

/// Counts up the version of a work order if the stored one is `row.version - 1`.
///
/// # Errors
/// Stale if somebody else was faster.
pub fn update_version(conn: &mut Conn, row: &WorkOrderRecord) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(work_orders::table
        .filter(work_orders::org_id.eq(row.org_id)
            .and(work_orders::id.eq(row.id))
            .and(work_orders::version.eq(row.version - 1))))
        .set(work_orders::version.eq(row.version))
        .execute(c))?)
}

/// The work orders of these ids, as far as there are any.
///
/// # Errors
/// Database errors only.
pub fn list_by_id(conn: &mut Conn, org: OrgId, ids: &[WorkOrderId]) -> StoreResult<Vec<WorkOrderRecord>> {
    Ok(per_backend!(conn, c => work_orders::table
        .filter(work_orders::org_id.eq(Txt(org)).and(one_of(work_orders::id, ids)))
        .select(WorkOrderRecord::as_select())
        .load(c))?)
}

/// Which of these numbers in the ordering system are taken, and by which order.
///
/// # Errors
/// Database errors only.
pub fn list_by_external_ref(
    conn: &mut Conn,
    org: OrgId,
    references: &BTreeSet<&str>,
) -> StoreResult<Vec<(String, WorkOrderId)>> {
    let rows: Vec<(Option<String>, Txt<WorkOrderId>)> = per_backend!(conn, c => work_orders::table
        .filter(work_orders::org_id.eq(Txt(org)))
        .filter(one_of(work_orders::external_ref.assume_not_null(), references))
        .select((work_orders::external_ref, work_orders::id))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(reference, id)| Some((reference?, id.0))).collect())
}

/// Which work orders a list names.
#[derive(Debug, Clone, Default)]
pub struct WorkOrderFilter {
    /// Only this one.
    pub id: Option<WorkOrderId>,
    /// Type.
    pub kind: Option<String>,
    /// Only those of these customers.
    pub customers: Option<Vec<CustomerId>>,
    /// Only those at these sites.
    pub sites: Option<Vec<SiteId>>,
    /// Number of ours.
    pub number: Option<String>,
    /// Number in the ordering system.
    pub external_ref: Option<String>,
    /// 209 number.
    pub number_209: Option<String>,
    /// The folded address of the site contains this.
    pub address: Option<String>,
    /// Only orders with a visit that one of these people is assigned to now.
    pub reps: Option<Vec<UserId>>,
}

impl WorkOrderFilter {
    /// Whether few rows fit, so that finding them by index and sorting beats walking all rows in id order.
    const fn is_narrow(&self) -> bool {
        self.customers.is_some()
            || self.sites.is_some()
            || self.number.is_some()
            || self.external_ref.is_some()
            || self.number_209.is_some()
            || self.reps.is_some()
    }
}

/// Work orders in id order, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_work_orders(
    conn: &mut Conn,
    org: OrgId,
    filter: &WorkOrderFilter,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<WorkOrderRecord>> {
    Ok(per_backend!(conn, c => {
        let mut query = work_orders::table
            .filter(work_orders::org_id.eq(Txt(org)))
            .limit(limit)
            .select(WorkOrderRecord::as_select())
            .into_boxed();
        query = if filter.is_narrow() {
            // An expression instead of the column keeps the engine from walking the primary key.
            query.filter(work_orders::id.concat("").gt(after)).order(work_orders::id.concat(""))
        } else {
            query.filter(work_orders::id.gt(after)).order(work_orders::id)
        };
        if let Some(id) = filter.id {
            query = query.filter(work_orders::id.eq(Txt(id)));
        }
        if let Some(kind) = &filter.kind {
            query = query.filter(work_orders::kind.eq(kind));
        }
        if let Some(customers) = &filter.customers {
            query = query.filter(one_of(work_orders::customer_id, customers));
        }
        if let Some(sites) = &filter.sites {
            query = query.filter(one_of(work_orders::site_id, sites));
        }
        if let Some(number) = &filter.number {
            query = query.filter(work_orders::number.eq(number));
        }
        if let Some(reference) = &filter.external_ref {
            query = query.filter(work_orders::external_ref.eq(reference));
        }
        if let Some(number) = &filter.number_209 {
            query = query.filter(work_orders::number_209.eq(number));
        }
        if let Some(address) = &filter.address {
            // Asked of each order's own site: those at which few orders are may be many.
            let there = sites::table
                .filter(sites::org_id.eq(work_orders::org_id).and(sites::id.eq(work_orders::site_id)))
                .filter(sites::address_folded.like(containing(address)).escape('\\'));
            query = query.filter(exists(there));
        }
        if let Some(reps) = &filter.reps {
            let served = visits::table
                .inner_join(assignments::table.on(assignments::org_id.eq(visits::org_id)
                    .and(assignments::visit_id.eq(visits::id))))
                .filter(visits::org_id.eq(Txt(org))
                    .and(visits::work_order_id.is_not_null())
                    .and(assignments::until_ms.is_null())
                    .and(one_of(assignments::rep_id, reps)))
                .select(visits::work_order_id.assume_not_null());
            query = query.filter(work_orders::id.eq_any(served));
        }
        query.load(c)
    })?)
}
