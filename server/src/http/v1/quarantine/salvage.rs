//! GET and POST `/v1/quarantine/{device_id}/{item_id}/salvage`

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use sync_core::bytes::Hash;
use sync_core::guard::SalvagedRecord;
use sync_core::ids::DeviceId;
use utoipa::ToSchema;

use super::QuarantineItemOut;
use crate::app::once::Answer;
use crate::app::sync::{self, Choice, Salvaged};
use crate::app::{AppResult, AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// A record that the refused bytes would have written.
#[derive(Debug, Serialize, ToSchema)]
pub struct SalvagedRecordOut {
    /// Its position, by which it is chosen.
    pub position: usize,
    /// The change that holds it.
    pub change: Hash,
    /// Map of the visit.
    #[schema(example = "measures")]
    pub map: String,
    /// Key in the map.
    pub key: String,
    /// The record as the phone wrote it.
    pub record: String,
    /// Why this record is refused by itself; such a one cannot be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "field_limit")]
    pub refused: Option<String>,
    /// Whether the visit holds it already.
    pub is_held: bool,
}

impl SalvagedRecordOut {
    fn new((position, (record, is_held)): (usize, (SalvagedRecord, bool))) -> Self {
        Self {
            position,
            change: record.change,
            map: record.map.key().to_owned(),
            key: record.key,
            record: record.record,
            refused: record.refused.map(|code| code.as_str().to_owned()),
            is_held,
        }
    }
}

/// A text that the refused bytes would have added to the notes.
#[derive(Debug, Serialize, ToSchema)]
pub struct SalvagedNoteOut {
    /// Its position, by which it is chosen.
    pub position: usize,
    /// The change that holds it.
    pub change: Hash,
    /// The text.
    pub text: String,
    /// Whether the notes of the visit have it already.
    pub is_held: bool,
}

/// What can be taken over of an item.
#[derive(Debug, Serialize, ToSchema)]
pub struct SalvageOut {
    /// The item.
    pub item: QuarantineItemOut,
    /// Records, in the order in which the phone wrote them.
    pub records: Vec<SalvagedRecordOut>,
    /// Texts for the notes.
    pub notes: Vec<SalvagedNoteOut>,
    /// Operations that no visit may have; they cannot be taken over.
    pub left_out: u64,
    /// Parts that cannot be read.
    pub unreadable: usize,
}

impl From<Salvaged> for SalvageOut {
    fn from(found: Salvaged) -> Self {
        let note = |(position, (change, text, is_held))| SalvagedNoteOut { position, change, text, is_held };
        Self {
            item: found.item.into(),
            records: found.records.into_iter().enumerate().map(SalvagedRecordOut::new).collect(),
            notes: found.notes.into_iter().enumerate().map(note).collect(),
            left_out: found.left_out,
            unreadable: found.unreadable,
        }
    }
}

/// What is to be taken over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"records": [0, 2], "notes": []}))]
pub struct SalvageIn {
    /// Positions of records.
    #[serde(default)]
    pub records: Vec<usize>,
    /// Positions of texts for the notes.
    #[serde(default)]
    pub notes: Vec<usize>,
}

/// Shows what can be taken over of an item: the records it would have written
///
/// Only reads; nothing of the bytes is applied.
///
/// # Errors
/// `not_found`, `state_invalid` for an item that is no document.
#[utoipa::path(get, path = "/v1/quarantine/{device_id}/{item_id}/salvage", operation_id = "show_salvage",
    tag = "quarantine",
    params(("device_id" = DeviceId, Path, description = "The phone that sent it"),
        ("item_id" = String, Path, description = "The item")),
    responses((status = 200, description = "What can be read", body = SalvageOut), Problems),
    security(("bearer" = [])))]
pub async fn show_salvage(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path((device, id)): Path<(DeviceId, String)>,
) -> Result<web::Json<SalvageOut>, ApiError> {
    Ok(web::Json(sync::show_salvage(&state, ctx, device, id).await?.into()))
}

/// Takes over chosen records of an item, in the name of the rep who made them
///
/// They become one new change, written by an actor of the asker for this visit; it travels to the crew like any other.
///
/// # Errors
/// `not_found`, `invalid` naming the position at fault, `state_invalid` for an item that is settled, that is no
/// document, or of a visit that the rep never had.
#[utoipa::path(post, path = "/v1/quarantine/{device_id}/{item_id}/salvage", operation_id = "salvage_quarantined",
    tag = "quarantine", request_body = SalvageIn,
    params(("device_id" = DeviceId, Path, description = "The phone that sent it"),
        ("item_id" = String, Path, description = "The item")),
    responses((status = 200, description = "Taken over", body = SalvageOut), Problems),
    security(("bearer" = [])))]
pub async fn salvage_quarantined(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path((device, id)): Path<(DeviceId, String)>,
    Json(body): Json<SalvageIn>,
) -> Result<HttpResponse, ApiError> {
    let choice = Choice { records: body.records, notes: body.notes };
    once(ctx, answer, |ctx| sync::apply_salvage(&state, ctx, device, id, choice)).await
}

fn answer(found: Salvaged) -> AppResult<Answer> {
    shown(None, &SalvageOut::from(found))
}
