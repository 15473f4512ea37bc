//! When nobody works on orders.

use diesel::prelude::*;
use sync_core::ids::{HoldId, OrgId, OutageId, UserId, WorkOrderId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::order_holds;
use crate::text::Txt;

/// A hold; in force while `resumed_at_ms` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = order_holds)]
pub struct OrderHoldRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7.
    pub id: Txt<HoldId>,
    /// The order.
    pub work_order_id: Txt<WorkOrderId>,
    /// The outage that it is part of.
    pub outage_id: Option<Txt<OutageId>>,
    /// Why.
    pub reason: String,
    /// When it will probably go on.
    pub until_ms: Option<i64>,
    /// Who said so.
    pub held_by: Txt<UserId>,
    /// When.
    pub held_at_ms: i64,
    /// Who had it go on.
    pub resumed_by: Option<Txt<UserId>>,
    /// When.
    pub resumed_at_ms: Option<i64>,
    /// When somebody has to be told that it lasts longer than it said.
    pub watch_ms: Option<i64>,
}

impl OrderHoldRow {
    /// Whether it lasts longer than it said.
    #[must_use]
    pub fn is_overdue(&self, now_ms: i64) -> bool {
        self.resumed_at_ms.is_none() && self.until_ms.is_some_and(|until| until < now_ms)
    }
}

/// Adds a hold.
///
/// # Errors
/// Conflict if the id is taken, or order or outage are unknown.
pub fn insert_hold(conn: &mut Conn, row: &OrderHoldRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(order_holds::table).values(row).execute(c))?;
    Ok(())
}

/// Ends a hold.
///
/// # Errors
/// Stale if it had ended.
pub fn end_hold(conn: &mut Conn, org: OrgId, id: HoldId, by: UserId, at_ms: i64) -> StoreResult<()> {
    let affected = per_backend!(conn, c => diesel::update(order_holds::table
            .filter(order_holds::org_id.eq(Txt(org))
                .and(order_holds::id.eq(Txt(id)))
                .and(order_holds::resumed_at_ms.is_null())))
        .set((
            order_holds::resumed_by.eq(Some(Txt(by))),
            order_holds::resumed_at_ms.eq(Some(at_ms)),
            order_holds::watch_ms.eq(None::<i64>),
        ))
        .execute(c))?;
    expect_one(affected)
}

/// The holds in force of these orders.
///
/// # Errors
/// Database errors only.
pub fn list_holds(conn: &mut Conn, org: OrgId, of: &[WorkOrderId]) -> StoreResult<Vec<OrderHoldRow>> {
    Ok(per_backend!(conn, c => order_holds::table
        .filter(order_holds::org_id.eq(Txt(org)).and(order_holds::resumed_at_ms.is_null()))
        .filter(one_of(order_holds::work_order_id, of))
        .select(OrderHoldRow::as_select())
        .load(c))?)
}

/// The holds in force that are part of an outage, oldest first; the first `limit` of them.
///
/// # Errors
/// Database errors only.
pub fn list_holds_of_outage(
    conn: &mut Conn,
    org: OrgId,
    outage: OutageId,
    limit: i64,
) -> StoreResult<Vec<OrderHoldRow>> {
    Ok(per_backend!(conn, c => order_holds::table
        .filter(order_holds::org_id.eq(Txt(org))
            .and(order_holds::outage_id.eq(Some(Txt(outage))))
            .and(order_holds::resumed_at_ms.is_null()))
        .order(order_holds::id)
        .limit(limit)
        .select(OrderHoldRow::as_select())
        .load(c))?)
}

/// Says of all holds in force that are part of an outage until when they will probably last.
///
/// # Errors
/// Database errors only.
pub fn move_holds(conn: &mut Conn, org: OrgId, outage: OutageId, until_ms: Option<i64>) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(order_holds::table
            .filter(order_holds::org_id.eq(Txt(org))
                .and(order_holds::outage_id.eq(Some(Txt(outage))))
                .and(order_holds::resumed_at_ms.is_null())))
        .set(order_holds::until_ms.eq(until_ms))
        .execute(c))?;
    Ok(())
}

/// Holds in force that last longer than they said and of which somebody has to be told, those that wait longest first.
///
/// # Errors
/// Database errors only.
pub fn list_to_tell(conn: &mut Conn, org: OrgId, now_ms: i64, limit: i64) -> StoreResult<Vec<OrderHoldRow>> {
    Ok(per_backend!(conn, c => order_holds::table
        .filter(order_holds::org_id.eq(Txt(org)).and(order_holds::watch_ms.lt(now_ms)))
        .order((order_holds::watch_ms, order_holds::id))
        .limit(limit)
        .select(OrderHoldRow::as_select())
        .load(c))?)
}

/// Notes that somebody was told of a hold; false if it has ended meanwhile.
///
/// # Errors
/// Database errors only.
pub fn mark_told(conn: &mut Conn, hold: &OrderHoldRow) -> StoreResult<bool> {
    let marked = per_backend!(conn, c => diesel::update(order_holds::table
            .find((hold.org_id, hold.id))
            .filter(order_holds::watch_ms.is_not_null()))
        .set(order_holds::watch_ms.eq(None::<i64>))
        .execute(c))?;
    Ok(marked > 0)
}
