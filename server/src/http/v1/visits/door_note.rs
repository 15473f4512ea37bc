//! GET `/v1/visits/{visit_id}/door-note`

use actix_web::web;
use serde::{Deserialize, Serialize};
use sync_core::ids::VisitId;
use sync_core::statement::Language;
use sync_core::texts::DoorNote;
use utoipa::{IntoParams, ToSchema};

use crate::app::{AppState, Ctx, visits};
use crate::http::error::ApiError;
use crate::http::extract::{Path, Query, coded};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// How the note is written.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DoorNoteQuery {
    /// `zh-CN` unless said otherwise, or `en`.
    #[param(example = "zh-CN")]
    pub language: Option<String>,
}

/// A note for the door of an absent customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoorNoteOut {
    /// Language of the text.
    #[schema(example = "zh-CN")]
    pub language: &'static str,
    /// Version of its template.
    #[schema(example = 1)]
    pub version: i64,
    /// When the crew came.
    pub arrived_at: Instant,
    /// When it left; while it waits, when it may or does.
    pub left_at: Instant,
    /// The text, line by line.
    #[schema(example = "温馨提醒")]
    pub text: String,
}

impl From<DoorNote> for DoorNoteOut {
    fn from(note: DoorNote) -> Self {
        Self {
            language: note.language.tag(),
            version: note.version,
            arrived_at: note.arrived_at.into(),
            left_at: note.left_at.into(),
            text: note.text,
        }
    }
}

/// Shows the note for the door of an absent customer
///
/// While the crew waits, and of a visit whose customer was not there. The phone writes the same without a network.
///
/// # Errors
/// `not_found` if absent or out of reach, `state_invalid` where no customer is absent, `text_incomplete` naming what is
/// not known, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/door-note", operation_id = "show_door_note", tag = "contacts",
    params(("visit_id" = VisitId, Path, description = "The visit"), DoorNoteQuery),
    responses((status = 200, description = "The note", body = DoorNoteOut), Problems), security(("bearer" = [])))]
pub async fn show_door_note(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
    Query(query): Query<DoorNoteQuery>,
) -> Result<web::Json<DoorNoteOut>, ApiError> {
    let language = query.language.as_deref();
    let language = coded("language", language, Language::from_tag, Language::TAGS)?.unwrap_or(Language::ZhCn);
    Ok(web::Json(visits::show_door_note(&state, ctx, id, language).await?.into()))
}
