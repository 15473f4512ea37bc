//! POST `/v1/visits/{visit_id}/conflicts`

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use sync_core::ids::{ChoiceId, VisitId};
use sync_core::merge::view::OpId;
use utoipa::ToSchema;

use super::{ChoiceOut, VisitConflictsOut};
use crate::app::conflicts::{self, Choosing, Chosen};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// A choice among concurrent values.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "id": "01955f2c-3000-7000-8000-00000000c003",
    "map": "answers",
    "key": "rating",
    "candidates": [
        { "counter": 31, "actor": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a" },
        { "counter": 33, "actor": "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b" }
    ],
    "chosen": { "counter": 31, "actor": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a" },
    "reason": "客户确认为 9 分"
}))]
pub struct ChoiceIn {
    /// Made by the client (UUIDv7): sending the choice again has no effect.
    pub id: ChoiceId,
    /// Root key of the map.
    #[schema(example = "answers")]
    pub map: String,
    /// Key in the map, or the code that records share.
    #[schema(example = "rating")]
    pub key: String,
    /// The values that were looked at, as `list_visit_conflicts` gave them.
    pub candidates: Vec<OpId>,
    /// The value that counts: one of them.
    pub chosen: OpId,
    /// The `choice` of the conflict, as `list_visit_conflicts` gave it; absent where it had none.
    #[serde(default)]
    pub last_choice: Option<ChoiceId>,
    /// Why, up to 500 characters.
    #[serde(default)]
    #[schema(example = "客户确认为 9 分")]
    pub reason: Option<String>,
}

/// What a choice led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChosenOut {
    /// The choice.
    pub choice: ChoiceOut,
    /// State of the visit with it.
    #[schema(example = "under_review")]
    pub state: String,
    /// All conflicts of the visit with it.
    pub conflicts: VisitConflictsOut,
}

impl From<Chosen> for ChosenOut {
    fn from(chosen: Chosen) -> Self {
        Self { choice: chosen.choice.into(), state: chosen.state.code().to_owned(), conflicts: chosen.conflicts.into() }
    }
}

/// Chooses which of several concurrent values counts
///
/// Choosing a value that did not count restores it. The document is not changed; office and phones lay the choice over
/// it. A value that arrives later reopens the conflict, and a newer choice takes the place of an older one that it names
/// in `last_choice`: nobody takes a colleague's choice back without having seen it.
///
/// # Errors
/// `stale_content` unless exactly these values stand side by side, and with the choice in force in `fields` where that is
/// not `last_choice`; `state_invalid` once the visit was approved, cancelled or closed, `invalid`, `idempotency_mismatch`.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/conflicts", operation_id = "choose_value", tag = "conflicts",
    request_body = ChoiceIn, params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 201, description = "Chosen", body = ChosenOut), Problems), security(("bearer" = [])))]
pub async fn choose_value(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
    Json(body): Json<ChoiceIn>,
) -> Result<HttpResponse, ApiError> {
    let ChoiceIn { id, map, key, candidates, chosen, last_choice, reason } = body;
    let sent = Choosing { id, map, key, candidates, chosen, last_choice, reason };
    once(ctx, answer, |ctx| conflicts::choose_value(&state, ctx, visit, sent)).await
}

fn answer(chosen: Chosen) -> AppResult<Answer> {
    created(None, &ChosenOut::from(chosen))
}
