//! Audit events: who did what to what, append-only.

use diesel::prelude::*;
use sync_core::ids::{DeviceId, OrgId, UserId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::audit_events;
use crate::text::Txt;

/// One audit event; `detail` is JSON without personal data.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
pub struct AuditEventRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7.
    pub id: Txt<Uuid>,
    /// When.
    pub at_ms: i64,
    /// Who, if anybody is known.
    pub actor_id: Option<Txt<UserId>>,
    /// By which device.
    pub device_id: Option<Txt<DeviceId>>,
    /// What happened, `noun.verb`.
    pub kind: String,
    /// To what.
    pub subject: String,
    /// Details as JSON.
    pub detail: String,
}

/// Appends an event.
///
/// # Errors
/// Database errors only.
pub fn insert_audit_event(conn: &mut Conn, row: &AuditEventRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(audit_events::table).values(row).execute(c))?;
    Ok(())
}

/// Appends many events.
///
/// # Errors
/// Database errors only.
pub fn insert_audit_events(conn: &mut Conn, rows: &[AuditEventRow]) -> StoreResult<()> {
    Ok(insert_rows!(conn, audit_events::table, rows)?)
}

/// Events of a subject, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_audit_events(conn: &mut Conn, org: OrgId, subject: &str, limit: i64) -> StoreResult<Vec<AuditEventRow>> {
    Ok(per_backend!(conn, c => audit_events::table
        .filter(audit_events::org_id.eq(Txt(org)).and(audit_events::subject.eq(subject)))
        .order(audit_events::id)
        .limit(limit)
        .select(AuditEventRow::as_select())
        .load(c))?)
}

/// Events of a subject at an instant.
///
/// # Errors
/// Database errors only.
pub fn list_audit_events_at(conn: &mut Conn, org: OrgId, subject: &str, at_ms: i64) -> StoreResult<Vec<AuditEventRow>> {
    Ok(per_backend!(conn, c => audit_events::table
        .filter(audit_events::org_id.eq(Txt(org))
            .and(audit_events::subject.eq(subject))
            .and(audit_events::at_ms.eq(at_ms)))
        .order(audit_events::id)
        .select(AuditEventRow::as_select())
        .load(c))?)
}
