//! Audit events of office actions, and the list of them.

use doorstep_store::audit::{self as store, AuditEventRow, AuditFilter, insert_audit_event};
use doorstep_store::{Conn, Txt};
use serde_json::Value;
use sync_core::time::UnixMillis;

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};
use crate::domain::Actor;

/// Appends what the asker did to what; `detail` holds no personal data.
///
/// # Errors
/// Database errors only.
pub fn record(
    conn: &mut Conn,
    state: &AppState,
    ctx: &Ctx,
    kind: &str,
    subject: impl ToString,
    detail: &Value,
) -> AppResult<()> {
    Ok(insert_audit_event(conn, &event(state, ctx, kind, subject, detail))?)
}

/// The event that [`record`] appends, for what is appended with many others.
#[must_use]
pub fn event(state: &AppState, ctx: &Ctx, kind: &str, subject: impl ToString, detail: &Value) -> AuditEventRow {
    event_of(state, &ctx.actor, ctx.now, kind, subject, detail)
}

/// The event of somebody who asks otherwise than by a request.
pub(super) fn event_of(
    state: &AppState,
    actor: &Actor,
    now: UnixMillis,
    kind: &str,
    subject: impl ToString,
    detail: &Value,
) -> AuditEventRow {
    AuditEventRow {
        org_id: Txt(actor.org),
        id: Txt(state.id()),
        at_ms: now.0,
        actor_id: Some(Txt(actor.user)),
        device_id: actor.device.map(Txt),
        kind: kind.to_owned(),
        subject: subject.to_string(),
        detail: detail.to_string(),
    }
}

/// Lists events of the organisation, newest first.
///
/// # Errors
/// `page_token_invalid`.
pub async fn list_events(
    state: &AppState,
    ctx: Ctx,
    filter: AuditFilter,
    after: &str,
    size: i64,
) -> AppResult<Vec<AuditEventRow>> {
    let before =
        if after.is_empty() { None } else { Some(after.parse().map_err(|_foreign| ErrorCode::PageTokenInvalid)?) };
    let org = ctx.actor.org;
    let read = move |conn: &mut Conn| Ok::<_, AppError>(store::page_audit_events(conn, org, &filter, before, size)?);
    state.store.read(read).await
}
