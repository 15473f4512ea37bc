//! Calls that went out through the bridge.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use sync_core::ids::{OrgId, UserId, VisitId, WorkOrderId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::calls;
use crate::text::Txt;

/// A call as the bridge told it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls)]
pub struct CallRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The bridge's own name of the call.
    pub call_id: String,
    /// The visit that it was about.
    pub visit_id: Option<Txt<VisitId>>,
    /// The order, where no visit is named.
    pub work_order_id: Option<Txt<WorkOrderId>>,
    /// Who called.
    pub rep_id: Txt<UserId>,
    /// When it began.
    pub started_at_ms: i64,
    /// How long it lasted.
    pub duration_secs: i64,
    /// `reached`, `no_answer`, `refused` or `wrong_number`.
    pub result: String,
    /// Reference of the recording.
    pub recording_ref: Option<String>,
    /// Who told it.
    pub told_by: Txt<UserId>,
    /// When it was told.
    pub told_at_ms: i64,
}

/// Adds a call unless one of this name is known.
///
/// # Errors
/// Conflict if visit, order or rep is unknown.
pub fn insert_new(conn: &mut Conn, row: &CallRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(calls::table)
        .values(row)
        .on_conflict((calls::org_id, calls::call_id))
        .do_nothing()
        .execute(c))?;
    Ok(())
}

/// The call of this name.
///
/// # Errors
/// Not found.
pub fn load_call(conn: &mut Conn, org: OrgId, call: &str) -> StoreResult<CallRow> {
    Ok(per_backend!(conn, c => calls::table.find((Txt(org), call)).select(CallRow::as_select()).first(c))?)
}

/// How many calls were told of about a visit, or about an order.
///
/// # Errors
/// Database errors only.
pub fn count_calls(
    conn: &mut Conn,
    org: OrgId,
    (visit, order): (Option<VisitId>, Option<WorkOrderId>),
) -> StoreResult<i64> {
    let (visit, order) = (visit.map(Txt), order.map(Txt));
    Ok(per_backend!(conn, c => calls::table
        .filter(calls::org_id.eq(Txt(org))
            .and(calls::visit_id.eq(visit).or(calls::work_order_id.eq(order)).assume_not_null()))
        .count()
        .get_result(c))?)
}

/// Calls about a visit, or about its order where they name no visit, oldest first, behind the place of one of them.
///
/// # Errors
/// Database errors only.
pub fn list_calls(
    conn: &mut Conn,
    org: OrgId,
    (visit, order): (VisitId, Option<WorkOrderId>),
    after: Option<&(i64, String)>,
    limit: i64,
) -> StoreResult<Vec<CallRow>> {
    let order = order.map(Txt);
    let (started, call) = after.map_or((i64::MIN, ""), |(started, call)| (*started, call.as_str()));
    Ok(per_backend!(conn, c => calls::table
        .filter(calls::org_id.eq(Txt(org))
            .and(calls::visit_id.eq(Txt(visit)).or(calls::work_order_id.eq(order)).assume_not_null()))
        .filter(sql::<Bool>("(started_at_ms, call_id) > (")
            .bind::<BigInt, _>(started).sql(", ").bind::<Text, _>(call).sql(")"))
        .order((calls::started_at_ms, calls::call_id))
        .limit(limit)
        .select(CallRow::as_select())
        .load(c))?)
}

impl CallRow {
    /// Its place among the calls of a visit: when it began, and its name.
    #[must_use]
    pub fn place(&self) -> (i64, String) {
        (self.started_at_ms, self.call_id.clone())
    }
}
