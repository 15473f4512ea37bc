//! PUT `/v1/users/{user_id}/phone`

use actix_web::web;
use serde::Deserialize;
use sync_core::ids::UserId;
use utoipa::ToSchema;

use super::UserOut;
use crate::app::{AppState, Ctx, auth};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::openapi::Problems;

/// The number of a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPhoneIn {
    /// Number under which customers reach the person; absent for none.
    #[serde(default)]
    #[schema(example = "000-0000-0001")]
    pub phone: Option<String>,
}

/// Sets the number under which customers reach a person
///
/// It stands on door notes; without one the hotline of the policy does.
///
/// # Errors
/// `not_found` if absent or out of reach, `invalid` naming the field.
#[utoipa::path(put, path = "/v1/users/{user_id}/phone", operation_id = "set_user_phone", tag = "users",
    params(("user_id" = UserId, Path, description = "The person")), request_body = UserPhoneIn,
    responses((status = 200, description = "The person", body = UserOut), Problems), security(("bearer" = [])))]
pub async fn set_user_phone(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<UserId>,
    Json(body): Json<UserPhoneIn>,
) -> Result<web::Json<UserOut>, ApiError> {
    Ok(web::Json(auth::set_phone(&state, ctx, id, body.phone).await?.into()))
}
