//! GET /v1/absences

use actix_web::web;
use doorstep_store::absences::Absence;
use serde::Deserialize;
use sync_core::ids::UserId;
use utoipa::IntoParams;

use super::AbsenceOut;
use crate::app::{AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query};
use crate::http::openapi::Problems;

/// Which absences.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AbsenceQuery {
    /// Only of this person.
    pub user_id: Option<UserId>,
}

/// Lists absences in the order in which they were noted
///
/// A rep sees his own, a team lead those of the team.
///
/// # Errors
/// `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/absences", operation_id = "list_absences", tag = "dispatch",
    params(AbsenceQuery, PageQuery),
    responses((status = 200, description = "Absences", body = PageOut<AbsenceOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_absences(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<AbsenceQuery>,
    page: Page,
) -> Result<web::Json<PageOut<AbsenceOut>>, ApiError> {
    let found = dispatch::list_absences(&state, ctx, query.user_id, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |absence: &Absence| absence.row.id.to_string(), AbsenceOut::from)))
}
