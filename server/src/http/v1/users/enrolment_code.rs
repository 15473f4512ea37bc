//! POST `/v1/users/{user_id}/enrolment-codes`

use actix_web::{HttpResponse, web};
use serde::Serialize;
use sync_core::ids::UserId;
use utoipa::ToSchema;

use crate::app::{AppState, Ctx, auth};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A code that enrols one phone; it is shown only here.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolmentCodeOut {
    /// The code.
    #[schema(example = "7K3M9P2QXR")]
    pub code: String,
    /// When it ends.
    pub expires_at: Instant,
}

/// Gives a one-time code for enrolling a phone
///
/// Earlier unused codes of the person end. Five wrong tries end a code.
///
/// # Errors
/// `not_found` if the person is out of reach.
#[utoipa::path(post, path = "/v1/users/{user_id}/enrolment-codes", operation_id = "create_enrolment_code",
    tag = "users", params(("user_id" = UserId, Path, description = "The person")),
    responses((status = 201, description = "Code", body = EnrolmentCodeOut), Problems), security(("bearer" = [])))]
pub async fn create_enrolment_code(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(user): Path<UserId>,
) -> Result<HttpResponse, ApiError> {
    let code = auth::create_enrolment_code(&state, ctx, user).await?;
    Ok(HttpResponse::Created().json(EnrolmentCodeOut { code: code.code, expires_at: code.expires_at.into() }))
}
