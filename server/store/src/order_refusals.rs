//! Orders that the office does not accept.

use diesel::prelude::*;
use sync_core::ids::{OrgId, UserId, WorkOrderId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::order_refusals;
use crate::text::Txt;

/// What the office answers to an order that it does not accept.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = order_refusals)]
pub struct OrderRefusalRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The order.
    pub work_order_id: Txt<WorkOrderId>,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words for the customer.
    pub reason: String,
    /// What the customer can do instead.
    pub suggestion: String,
    /// Who refused it.
    pub refused_by: Txt<UserId>,
    /// When.
    pub refused_at_ms: i64,
}

/// Writes that an order is refused.
///
/// # Errors
/// Conflict if it is refused already.
pub fn insert_order_refusal(conn: &mut Conn, row: &OrderRefusalRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(order_refusals::table).values(row).execute(c))?;
    Ok(())
}

/// The refusals of these orders, as far as they are refused.
///
/// # Errors
/// Database errors only.
pub fn list_order_refusals(conn: &mut Conn, org: OrgId, of: &[WorkOrderId]) -> StoreResult<Vec<OrderRefusalRow>> {
    Ok(per_backend!(conn, c => order_refusals::table
        .filter(order_refusals::org_id.eq(Txt(org)).and(one_of(order_refusals::work_order_id, of)))
        .select(OrderRefusalRow::as_select())
        .load(c))?)
}
