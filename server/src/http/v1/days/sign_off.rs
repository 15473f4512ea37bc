//! POST `/v1/days/{day}/sign-offs`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::bytes::Hash;
use sync_core::ids::TeamId;
use utoipa::ToSchema;

use super::ClosingOut;
use crate::app::days::{self, Closing, SigningOff};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// A sign-off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "covered_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
}))]
pub struct SignOffIn {
    /// The team; the lead's own if absent.
    pub team_id: Option<TeamId>,
    /// `covered_sha256` of the closing that the lead read.
    pub covered_sha256: Hash,
    /// Why the day is signed off although somebody's is open: 1 to 500 characters.
    #[schema(example = "客户改约明日，已告知调度")]
    pub despite: Option<String>,
}

/// Signs the day of a team off
///
/// A day is signed off as a rule in its evening, never before it begins. The sign-off keeps a hash over every visit with its state and the heads of its
/// document, and over every record of the day. It is refused while somebody's day is open unless a reason is given, which
/// stays with it. Nothing is held up: what comes later is shown as `after_sign_off`. A second one takes the place of the
/// first, and both stay; one that says nothing new is answered with the one that stands.
///
/// # Errors
/// `not_found` for another team, `state_invalid` before the day has begun, `stale_content` if something came since the
/// closing was read, `day_open` naming who is
/// open and why, `invalid`, `conflict` if somebody signed at the same moment.
#[utoipa::path(post, path = "/v1/days/{day}/sign-offs", operation_id = "sign_day_off", tag = "days",
    params(("day" = String, Path, description = "Day of the organisation's zone", example = "2025-03-04")),
    request_body = SignOffIn,
    responses((status = 201, description = "How the day stands now", body = ClosingOut), Problems),
    security(("bearer" = [])))]
pub async fn sign_day_off(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(day): Path<String>,
    Json(body): Json<SignOffIn>,
) -> Result<HttpResponse, ApiError> {
    let signing = SigningOff { day, team: body.team_id, seen: body.covered_sha256, despite: body.despite };
    once(ctx, answer, |ctx| days::sign_day_off(&state, ctx, signing)).await
}

fn answer(closing: Closing) -> AppResult<Answer> {
    created(None, &ClosingOut::from(closing))
}
