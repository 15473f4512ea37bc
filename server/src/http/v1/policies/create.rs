//! POST /v1/policies

use actix_web::{HttpResponse, web};
use sync_core::plan::PolicyRow;

use super::{PolicyIn, PolicyOut};
use crate::app::norms::Purpose;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// Publishes the next version of the policy
///
/// It says what the newest version says, but for what is named here; `GET /v1/policy-keys` lists the keys. The answer has
/// every key with a value. Visits that nobody has begun follow it if they start once it counts; what is begun ends under
/// the version that it began with. All faults are told at once.
///
/// # Errors
/// `stale_version` if another version was published meanwhile, `invalid` naming every faulty key.
#[utoipa::path(post, path = "/v1/policies", operation_id = "create_policy", tag = "templates",
    request_body = PolicyIn, responses((status = 201, description = "Published", body = PolicyOut), Problems),
    security(("bearer" = [])))]
pub async fn create_policy(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<PolicyIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| norms::create_policy(&state, ctx, body.into(), Purpose::Publish)).await
}

fn answer(policy: PolicyRow) -> AppResult<Answer> {
    created(Some(policy.version), &PolicyOut::from(policy))
}
