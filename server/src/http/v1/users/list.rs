//! GET /v1/users

use actix_web::web;

use super::UserOut;
use crate::app::auth::Person;
use crate::app::{AppState, Ctx, auth};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery};
use crate::http::openapi::Problems;

/// Lists people in login order
///
/// A team lead sees the team.
///
/// # Errors
/// `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/users", operation_id = "list_users", tag = "users", params(PageQuery),
    responses((status = 200, description = "People", body = PageOut<UserOut>), Problems), security(("bearer" = [])))]
pub async fn list_users(
    state: web::Data<AppState>,
    ctx: Ctx,
    page: Page,
) -> Result<web::Json<PageOut<UserOut>>, ApiError> {
    let people = auth::list_users(&state, ctx, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(people, |person: &Person| person.user.login.clone(), UserOut::from)))
}
