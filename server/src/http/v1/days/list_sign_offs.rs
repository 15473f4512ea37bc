//! GET `/v1/days/{day}/sign-offs`

use actix_web::web;

use super::SignOffOut;
use super::closing::ClosingQuery;
use crate::app::days::{self, SignOff};
use crate::app::{AppState, Ctx, ErrorCode};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Path, Query};
use crate::http::openapi::Problems;

/// Lists the sign-offs of a team's day, oldest first
///
/// The last one stands. A rep sees of whose day was open only his own.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid` if the day does not exist or a team must be named, `not_found`
/// for a team out of reach.
#[utoipa::path(get, path = "/v1/days/{day}/sign-offs", operation_id = "list_sign_offs", tag = "days",
    params(("day" = String, Path, description = "Day of the organisation's zone", example = "2025-03-04"), ClosingQuery,
        PageQuery),
    responses((status = 200, description = "Sign-offs", body = PageOut<SignOffOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_sign_offs(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(day): Path<String>,
    Query(query): Query<ClosingQuery>,
    page: Page,
) -> Result<web::Json<PageOut<SignOffOut>>, ApiError> {
    let after = match page.after.as_str() {
        "" => 0,
        number => number.parse().map_err(|_no_number| ErrorCode::PageTokenInvalid)?,
    };
    let found = days::list_sign_offs(&state, ctx, (day, query.team_id), after, page.size).await?;
    Ok(web::Json(page.wrap(found, |found: &SignOff| found.row.number.to_string(), SignOffOut::from)))
}
