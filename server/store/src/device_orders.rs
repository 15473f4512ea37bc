//! Signed orders to phones, and what phones brought while they were suspended or sealed once they were revoked.

use diesel::prelude::*;
use sync_core::ids::{DeviceId, OrderId, OrgId, UserId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::schema::{device_marks, device_orders};
use crate::text::Txt;

/// An order to a phone.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = device_orders)]
pub struct DeviceOrderRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id.
    pub id: Txt<OrderId>,
    /// To whom.
    pub device_id: Txt<DeviceId>,
    /// `wipe`.
    pub kind: String,
    /// Whether what is unsent is given up.
    pub wipe_now: bool,
    /// The order as the phone gets it.
    pub jws: String,
    /// When it was given.
    pub ordered_at_ms: i64,
    /// By whom.
    pub ordered_by: Txt<UserId>,
    /// When it was first sent.
    pub sent_at_ms: Option<i64>,
    /// When it was withdrawn.
    pub withdrawn_at_ms: Option<i64>,
    /// The phone's signed answer.
    pub receipt: Option<String>,
    /// When the answer came.
    pub done_at_ms: Option<i64>,
}

/// Adds an order.
///
/// # Errors
/// Database errors only.
pub fn insert_order(conn: &mut Conn, row: &DeviceOrderRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(device_orders::table).values(row).execute(c))?;
    Ok(())
}

/// The order of this id.
///
/// # Errors
/// Database errors only.
pub fn find_order(conn: &mut Conn, org: OrgId, id: OrderId) -> StoreResult<Option<DeviceOrderRow>> {
    Ok(per_backend!(conn, c => device_orders::table
        .find((Txt(org), Txt(id)))
        .select(DeviceOrderRow::as_select())
        .first(c)
        .optional())?)
}

/// The orders to a phone, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_orders(conn: &mut Conn, org: OrgId, device: DeviceId) -> StoreResult<Vec<DeviceOrderRow>> {
    Ok(per_backend!(conn, c => device_orders::table
        .filter(device_orders::org_id.eq(Txt(org)).and(device_orders::device_id.eq(Txt(device))))
        .order((device_orders::ordered_at_ms, device_orders::id))
        .select(DeviceOrderRow::as_select())
        .load(c))?)
}

/// Notes that an order was sent; the first time stays.
///
/// # Errors
/// Database errors only.
pub fn mark_sent(conn: &mut Conn, org: OrgId, id: OrderId, now_ms: i64) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(device_orders::table.filter(
        device_orders::org_id.eq(Txt(org)).and(device_orders::id.eq(Txt(id))).and(device_orders::sent_at_ms.is_null()),
    )).set(device_orders::sent_at_ms.eq(now_ms)).execute(c))?;
    Ok(())
}

/// Withdraws an order that was not answered.
///
/// # Errors
/// Database errors only.
pub fn withdraw_order(conn: &mut Conn, org: OrgId, id: OrderId, now_ms: i64) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(device_orders::table.filter(
        device_orders::org_id.eq(Txt(org)).and(device_orders::id.eq(Txt(id))).and(device_orders::done_at_ms.is_null()),
    )).set(device_orders::withdrawn_at_ms.eq(now_ms)).execute(c))?;
    Ok(())
}

/// Keeps the phone's answer.
///
/// # Errors
/// Stale if there is no such order.
pub fn answer_order(conn: &mut Conn, org: OrgId, id: OrderId, receipt: &str, now_ms: i64) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(device_orders::table.find((Txt(org), Txt(id))))
        .set((device_orders::receipt.eq(receipt), device_orders::done_at_ms.eq(now_ms)))
        .execute(c))?)
}

/// Something a phone brought that people should look at twice.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = device_marks)]
pub struct DeviceMarkRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Which phone brought it.
    pub device_id: Txt<DeviceId>,
    /// `doc`, `intent`, `statement`, `blob` or `seal`.
    pub kind: String,
    /// Its id, digest or hash.
    pub item: String,
    /// Why it is marked: `device_suspended` or `device_revoked`.
    pub code: String,
    /// When it first came.
    pub at_ms: i64,
}

/// Builds the marks of what a phone brings at an instant, for one reason.
pub fn marker(
    org: OrgId,
    device: DeviceId,
    code: &'static str,
    at_ms: i64,
) -> impl Fn(&'static str, String) -> DeviceMarkRow {
    move |kind, item| DeviceMarkRow {
        org_id: Txt(org),
        device_id: Txt(device),
        kind: kind.to_owned(),
        item,
        code: code.to_owned(),
        at_ms,
    }
}

/// Marks items; what is marked already stays so.
///
/// # Errors
/// Database errors only.
pub fn mark_items(conn: &mut Conn, rows: &[DeviceMarkRow]) -> StoreResult<()> {
    for row in rows {
        per_backend!(conn, c => diesel::insert_into(device_marks::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// What is marked of a phone, newest first: a revoked one that goes on sending is marked with every request.
///
/// # Errors
/// Database errors only.
pub fn list_marks(conn: &mut Conn, org: OrgId, device: DeviceId, limit: i64) -> StoreResult<Vec<DeviceMarkRow>> {
    Ok(per_backend!(conn, c => device_marks::table
        .filter(device_marks::org_id.eq(Txt(org)).and(device_marks::device_id.eq(Txt(device))))
        .order((device_marks::at_ms.desc(), device_marks::kind, device_marks::item))
        .limit(limit)
        .select(DeviceMarkRow::as_select())
        .load(c))?)
}
