//! GET `/v1/visits/{visit_id}/contacts`

use actix_web::web;
use serde::Serialize;
use sync_core::ids::{UserId, VisitId};
use utoipa::ToSchema;

use crate::app::contacts::{self, ListedContact};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A contact that the crew noted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactOut {
    /// Id of the record.
    pub id: String,
    /// `app_call`, `phone`, `sms`, `wechat`, `email` or `letter`.
    #[schema(example = "app_call")]
    pub channel: String,
    /// When it began, on the server's clock as well as all clocks of the visit tell.
    pub started_at: Instant,
    /// By how much that may be wrong, in milliseconds; absent where the clocks do not bound it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub err_ms: Option<i64>,
    /// How long it lasted, in seconds.
    pub duration_s: i64,
    /// `reached`, `no_answer`, `refused` or `wrong_number`.
    #[schema(example = "reached")]
    pub result: String,
    /// Who called or wrote.
    pub by: UserId,
    /// `recorded`, `unrecorded`, `unanswered` or `not_a_call`.
    #[schema(example = "recorded")]
    pub standing: &'static str,
    /// Why it has no recording, in the rep's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The bridge's name of the call that it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// Whether the rep named a recording.
    pub has_recording: bool,
    /// Its reference, for who may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording_ref: Option<String>,
}

impl From<ListedContact> for ContactOut {
    fn from(contact: ListedContact) -> Self {
        Self {
            id: contact.id,
            channel: contact.channel,
            started_at: contact.started_at.into(),
            err_ms: contact.err_ms,
            duration_s: contact.duration_secs,
            result: contact.result,
            by: contact.by,
            standing: contact.standing.code(),
            reason: contact.reason,
            call_id: contact.call,
            has_recording: contact.names_recording,
            recording_ref: contact.recording_ref,
        }
    }
}

/// How a customer was reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactsOut {
    /// What the crew noted, in the order of the document.
    pub items: Vec<ContactOut>,
}

/// Lists how the customer of a visit was reached, and whether that is recorded
///
/// A call is `recorded` that names a recording, or that the bridge recorded at about that time; a conversation is to be
/// recorded, a call that nobody answered is not. References of recordings are shown to reviewers, supervisors, managers and
/// auditors only; each showing is recorded.
///
/// # Errors
/// `not_found` if absent or out of reach.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/contacts", operation_id = "list_contacts", tag = "contacts",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "Contacts", body = ContactsOut), Problems), security(("bearer" = [])))]
pub async fn list_contacts(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
) -> Result<web::Json<ContactsOut>, ApiError> {
    let found = contacts::list_contacts(&state, ctx, id).await?;
    Ok(web::Json(ContactsOut { items: found.into_iter().map(ContactOut::from).collect() }))
}
