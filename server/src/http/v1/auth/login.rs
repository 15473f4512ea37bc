//! POST /v1/auth/login

use actix_web::web;
use serde::Deserialize;
use utoipa::ToSchema;

use super::SessionOut;
use crate::app::{AppState, auth};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::openapi::PublicProblems;

/// What a person types to sign in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginIn {
    /// Code of the organisation.
    #[schema(example = "yunze")]
    pub organisation: String,
    /// Login.
    #[schema(example = "dispatcher")]
    pub login: String,
    /// Password.
    #[schema(example = "correct horse battery")]
    pub password: String,
}

/// Signs in with a password
///
/// Unknown people and wrong passwords are answered alike. After five failures the login waits 1, 2, 4, 8, then 15
/// minutes.
///
/// # Errors
/// `login_failed`, `too_many_attempts`.
#[utoipa::path(post, path = "/v1/auth/login", operation_id = "login", tag = "auth", request_body = LoginIn,
    responses((status = 200, description = "Signed in", body = SessionOut), PublicProblems))]
pub async fn login(state: web::Data<AppState>, Json(body): Json<LoginIn>) -> Result<web::Json<SessionOut>, ApiError> {
    let LoginIn { organisation, login, password } = body;
    state.rates.count_login_to(&organisation)?;
    let session = auth::login(&state, auth::LoginCommand { organisation, login, password }).await?;
    Ok(web::Json(session.into()))
}
