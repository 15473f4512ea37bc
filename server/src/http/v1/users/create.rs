//! POST /v1/users

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::TeamId;
use utoipa::ToSchema;

use super::UserOut;
use crate::app::auth::NewUser;
use crate::app::auth::Person;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, auth};
use crate::domain::Role;
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// A person to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserIn {
    /// Login, 1 to 64 of a-z, 0-9, dot, hyphen, underscore.
    #[schema(example = "li.ming")]
    pub login: String,
    /// Name.
    #[schema(example = "李明")]
    pub name: String,
    /// Staff number on the badge.
    #[serde(default)]
    #[schema(example = "A-1024")]
    pub staff_number: Option<String>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Team.
    #[serde(default)]
    pub team_id: Option<TeamId>,
    /// Password, 8 to 200 characters; absent for people who only use an enrolled phone.
    #[serde(default)]
    #[schema(example = "correct horse battery")]
    pub password: Option<String>,
    /// Number under which customers reach the person.
    #[serde(default)]
    #[schema(example = "000-0000-0001")]
    pub phone: Option<String>,
}

/// Adds a person
///
/// Without a password the person can only use an enrolled phone.
///
/// # Errors
/// `invalid` naming the field, `conflict` if the login is taken.
#[utoipa::path(post, path = "/v1/users", operation_id = "create_user", tag = "users", request_body = UserIn,
    responses((status = 201, description = "Added", body = UserOut), Problems), security(("bearer" = [])))]
pub async fn create_user(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<UserIn>,
) -> Result<HttpResponse, ApiError> {
    let new = NewUser {
        login: body.login,
        name: body.name,
        staff_number: body.staff_number,
        roles: body.roles,
        team: body.team_id,
        password: body.password,
        phone: body.phone,
    };
    once(ctx, answer, |ctx| auth::create_user(&state, ctx, new)).await
}

fn answer(person: Person) -> AppResult<Answer> {
    created(None, &UserOut::from(person))
}
