//! GET /v1/audit-events

use actix_web::web;
use doorstep_store::audit::AuditEventRow;
use doorstep_store::audit::AuditFilter;
use serde::Deserialize;
use sync_core::ids::UserId;
use utoipa::IntoParams;

use super::AuditEventOut;
use crate::app::{AppState, Ctx, ErrorCode, Refusal, audit};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only of this: the id of a customer, visit, order…, or the path of a list.
    pub subject: Option<String>,
    /// Only by this person.
    pub actor_id: Option<UserId>,
    /// Only of this kind, such as `record.read` or `customer.revealed`.
    pub kind: Option<String>,
    /// At this instant or after it.
    pub from: Option<Instant>,
    /// Before this instant.
    pub until: Option<Instant>,
}

/// Lists who did and who read what, newest first
///
/// A look at records of people is an event before it is answered; it covers what the same person reads again at the same
/// place within 15 minutes. Originals (`blob.read`), revealed contact data, recordings and searches have events of their
/// own, each time. The look at this list is an event, too.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/audit-events", operation_id = "list_audit_events", tag = "audit",
    params(AuditQuery, PageQuery),
    responses((status = 200, description = "Events", body = PageOut<AuditEventOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_audit_events(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<AuditQuery>,
    page: Page,
) -> Result<web::Json<PageOut<AuditEventOut>>, ApiError> {
    // What is asked for is recorded as it is asked: ids and paths are no longer, and texts have no place there.
    for (name, asked) in [("subject", &query.subject), ("kind", &query.kind)] {
        if asked.as_ref().is_some_and(|asked| asked.len() > 200 || !asked.bytes().all(is_of_path)) {
            return Err(Refusal::new(ErrorCode::ParameterInvalid).field(name, "an id, a kind or a path").into());
        }
    }
    let filter = AuditFilter {
        subject: query.subject,
        actor: query.actor_id,
        kind: query.kind,
        from_ms: query.from.map(|at| at.0.0),
        until_ms: query.until.map(|at| at.0.0),
    };
    let found = audit::list_events(&state, ctx, filter, &page.after, page.size).await?;
    Ok(web::Json(page.wrap(found, |event: &AuditEventRow| event.id.to_string(), AuditEventOut::from)))
}

/// Whether a byte may stand in an id, a kind or a path.
const fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/')
}
