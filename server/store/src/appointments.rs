//! Appointments of work orders.

use diesel::prelude::*;
use sync_core::ids::{AppointmentId, OrgId, WorkOrderId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::appointments;
use crate::text::Txt;

/// An appointment; `changes` is a JSON list of every change of its time, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = appointments, treat_none_as_null = true)]
pub struct AppointmentRecord {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id.
    pub id: Txt<AppointmentId>,
    /// Its work order.
    pub work_order_id: Txt<WorkOrderId>,
    /// Attempt it belongs to.
    pub attempt: i64,
    /// Agreed start.
    pub start_ms: i64,
    /// Agreed end.
    pub end_ms: Option<i64>,
    /// `customer`, `rep` or `office`.
    pub proposed_by: String,
    /// State of rulebook section 3.
    pub state: String,
    /// Changes as JSON.
    pub changes: String,
    /// Version of the row.
    pub version: i64,
    /// When the customer was told of the time first agreed, if that is known.
    pub agreed_at_ms: Option<i64>,
}

/// Adds an appointment.
///
/// # Errors
/// Conflict if the work order is unknown.
pub fn insert_appointment(conn: &mut Conn, row: &AppointmentRecord) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(appointments::table).values(row).execute(c))?;
    Ok(())
}

/// The appointment of this id.
///
/// # Errors
/// Database errors only.
pub fn find_appointment(conn: &mut Conn, org: OrgId, id: AppointmentId) -> StoreResult<Option<AppointmentRecord>> {
    Ok(per_backend!(conn, c => appointments::table
        .find((Txt(org), Txt(id)))
        .select(AppointmentRecord::as_select())
        .first(c)
        .optional())?)
}

/// The appointments of these ids.
///
/// # Errors
/// Database errors only.
pub fn list_appointments(conn: &mut Conn, org: OrgId, ids: &[AppointmentId]) -> StoreResult<Vec<AppointmentRecord>> {
    Ok(per_backend!(conn, c => appointments::table
        .filter(appointments::org_id.eq(Txt(org)).and(one_of(appointments::id, ids)))
        .select(AppointmentRecord::as_select())
        .load(c))?)
}

/// Replaces an appointment if the stored version is `row.version - 1`.
///
/// # Errors
/// Stale if somebody else was faster.
pub fn update_appointment(conn: &mut Conn, row: &AppointmentRecord) -> StoreResult<()> {
    let affected = per_backend!(conn, c => diesel::update(appointments::table
            .filter(appointments::org_id.eq(row.org_id)
                .and(appointments::id.eq(row.id))
                .and(appointments::version.eq(row.version - 1))))
        .set(row)
        .execute(c))?;
    expect_one(affected)
}
