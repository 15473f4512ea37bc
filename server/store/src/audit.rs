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

/// Which events of an organisation; what is absent does not filter.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// To what.
    pub subject: Option<String>,
    /// By whom.
    pub actor: Option<UserId>,
    /// What happened.
    pub kind: Option<String>,
    /// At this instant or after it.
    pub from_ms: Option<i64>,
    /// Before this instant.
    pub until_ms: Option<i64>,
}

/// By how much later than its instant an event may have got its id: nothing that works on a request lasts as long.
const LATEST_ID_MS: i64 = 24 * 60 * 60 * 1000;

/// Events of an organisation, newest first, `before` the last of the page before.
///
/// # Errors
/// Database errors only.
pub fn page_audit_events(
    conn: &mut Conn,
    org: OrgId,
    filter: &AuditFilter,
    before: Option<Uuid>,
    limit: i64,
) -> StoreResult<Vec<AuditEventRow>> {
    Ok(per_backend!(conn, c => {
        let mut query = audit_events::table
            .filter(audit_events::org_id.eq(Txt(org)))
            .order(audit_events::id.desc())
            .limit(limit)
            .select(AuditEventRow::as_select())
            .into_boxed();
        if let Some(subject) = &filter.subject {
            query = query.filter(audit_events::subject.eq(subject));
        }
        if let Some(actor) = filter.actor {
            query = query.filter(audit_events::actor_id.eq(Txt(actor)));
        }
        if let Some(kind) = &filter.kind {
            query = query.filter(audit_events::kind.eq(kind));
        }
        if let Some(from) = filter.from_ms {
            // Ids are made after the instant, so that no event is left out by where the reading of ids ends.
            query = query.filter(audit_events::at_ms.ge(from)).filter(audit_events::id.ge(first_id(from)));
        }
        if let Some(until) = filter.until_ms {
            let last = until.saturating_add(LATEST_ID_MS);
            query = query.filter(audit_events::at_ms.lt(until)).filter(audit_events::id.lt(first_id(last)));
        }
        if let Some(before) = before {
            query = query.filter(audit_events::id.lt(Txt(before)));
        }
        query.load(c)
    })?)
}

/// What no id of an instant is less than: its first 48 bits are the milliseconds (RFC 9562 section 5.7).
fn first_id(ms: i64) -> String {
    let ms = ms.clamp(0, (1 << 48) - 1);
    format!("{:08x}-{:04x}", ms >> 16, ms & 0xffff)
}
