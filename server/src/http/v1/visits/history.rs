//! GET `/v1/visits/{visit_id}/history`

use std::collections::BTreeMap;

use actix_web::web;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::Map;
use sync_core::ids::{DeviceId, UserId, VisitId};
use sync_core::merge::history::HistoryWrite;
use sync_core::time::UnixMillis;
use sync_core::visit::late::shown;
use utoipa::{IntoParams, ToSchema};

use crate::app::visits::{self, HistoryPage, Moment, PastChange, PastView};
use crate::app::{AppState, Ctx, ErrorCode, Refusal};
use crate::http::error::ApiError;
use crate::http::extract::{Page, PageQuery, Path, Query};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// Up to when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// The visit as it was at an instant (RFC 3339: what had arrived by then) or with these changes (hashes, separated
    /// by commas) and all that they follow.
    #[param(example = "2025-03-04T02:00:00.000Z")]
    pub at: Option<String>,
}

/// One record as a change wrote it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WriteOut {
    /// Root key of the map.
    #[schema(example = "answers")]
    pub map: String,
    /// Key in the map.
    #[schema(example = "rating")]
    pub key: String,
    /// What it says; absent where it may name people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
    /// What it replaced: the values that its writer saw.
    pub old: Vec<Value>,
}

impl From<HistoryWrite> for WriteOut {
    fn from(write: HistoryWrite) -> Self {
        let map = Map::from_key(&write.map);
        let told = |record: &Value| shown(map?, record);
        Self {
            new: told(&write.new.value),
            old: write.old.iter().filter_map(told).collect(),
            key: write.new.key,
            map: write.map,
        }
    }
}

/// One change of a visit document.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeOut {
    /// Change hash.
    pub hash: Hash,
    /// Actor: the install that wrote it.
    pub actor: Actor,
    /// Position among the actor's changes.
    #[schema(example = 1)]
    pub seq: u64,
    /// The changes its writer had seen last.
    pub deps: Vec<Hash>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// On which device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// When, as well as the device knew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// When it reached the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Instant>,
    /// What it wrote.
    pub writes: Vec<WriteOut>,
    /// Characters it added to the notes.
    pub notes_added: usize,
    /// Characters it took out of the notes.
    pub notes_removed: usize,
}

impl From<PastChange> for ChangeOut {
    fn from(past: PastChange) -> Self {
        let change = past.change;
        Self {
            by: change.by(),
            at: change.at().map(|at| at.corrected().into()),
            hash: change.hash,
            actor: change.actor,
            seq: change.seq,
            deps: change.deps,
            device_id: past.device,
            received_at: past.received_at.map(Instant::from),
            writes: change.writes.into_iter().map(WriteOut::from).collect(),
            notes_added: change.notes_added,
            notes_removed: change.notes_removed,
        }
    }
}

/// The visit as it was.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastViewOut {
    /// Heads of the document then.
    pub heads: Vec<Hash>,
    /// Its state, by what the office had decided by then.
    #[schema(example = "working")]
    pub state: String,
    /// Outcome named by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Answers that counted, by question.
    pub answers: BTreeMap<String, Value>,
    /// Readings that counted, by code.
    pub measures: BTreeMap<String, String>,
    /// Ticks, by step and item.
    pub ticks: BTreeMap<String, bool>,
    /// Photos that counted, by record: their content.
    pub photos: BTreeMap<String, Hash>,
    /// Events in operation order.
    pub events: Vec<String>,
    /// Keys with concurrent values.
    pub conflicts: Vec<String>,
    /// The notes.
    pub notes: String,
}

impl From<PastView> for PastViewOut {
    fn from(past: PastView) -> Self {
        let view = past.view;
        let counting = view.measures.iter().filter_map(|entry| view.measure(&entry.value.code));
        Self {
            state: past.state.code().to_owned(),
            outcome: view.outcome().map(|outcome| outcome.code.clone()),
            answers: view.answers.iter().map(|(key, entry)| (key.clone(), entry.value.value.clone())).collect(),
            measures: counting.map(|entry| (entry.value.code.clone(), entry.value.value.clone())).collect(),
            ticks: view.ticks.iter().map(|(key, entry)| (key.clone(), entry.value.done)).collect(),
            photos: view.current_photos().map(|photo| (photo.key.clone(), photo.value.sha256)).collect(),
            events: view.timeline.iter().map(|entry| entry.value.event.clone()).collect(),
            conflicts: view.conflicts.iter().map(sync_core::merge::view::Conflict::name).collect(),
            notes: view.notes,
            heads: view.heads,
        }
    }
}

/// A page of the history of a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryOut {
    /// The changes in causal order, oldest first.
    pub items: Vec<ChangeOut>,
    /// Send it as `page_token` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
    /// Names of those who wrote.
    #[schema(example = json!({ "01955f2c-3000-7000-8000-000000000009": "李明" }))]
    pub people: BTreeMap<UserId, String>,
    /// The visit as it was, if `at` was asked for; absent where that is before the visit was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past: Option<PastViewOut>,
}

/// Lists every change of a visit, and shows the visit as it was
///
/// Who wrote what over what, on which device, when as well as it knew, and when it arrived. Nothing is ever removed.
/// With `at` the list ends there, and `past` is the visit as it was, with what the office had decided until then:
/// until the instant, or until the last of the changes came.
///
/// # Errors
/// `not_found`, `parameter_invalid`, `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/history", operation_id = "list_history", tag = "visits",
    params(("visit_id" = VisitId, Path, description = "The visit"), HistoryQuery, PageQuery),
    responses((status = 200, description = "Changes", body = HistoryOut), Problems), security(("bearer" = [])))]
pub async fn list_history(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
    Query(query): Query<HistoryQuery>,
    page: Page,
) -> Result<web::Json<HistoryOut>, ApiError> {
    let moment = query.at.as_deref().map(moment).transpose()?;
    let found = visits::list_history(&state, ctx, visit, moment, page.after.clone(), page.size).await?;
    let HistoryPage { changes, names, past } = found;
    let listed = page.wrap(changes, |past: &PastChange| past.change.hash.to_string(), ChangeOut::from);
    Ok(web::Json(HistoryOut {
        items: listed.items,
        next_page_token: listed.next_page_token,
        people: names,
        past: past.map(PastViewOut::from),
    }))
}

fn moment(text: &str) -> Result<Moment, ApiError> {
    if let Ok(at) = UnixMillis::from_rfc3339(text) {
        return Ok(Moment::Received(at));
    }
    let heads: Result<Vec<Hash>, _> = text.split(',').map(str::parse).collect();
    let refused = || Refusal::new(ErrorCode::ParameterInvalid).field("at", "an instant, or hashes of changes");
    Ok(Moment::Heads(heads.map_err(|_no_hash| refused())?))
}
