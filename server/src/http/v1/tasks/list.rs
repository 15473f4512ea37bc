//! GET /v1/tasks

use actix_web::web;
use doorstep_store::tasks::TaskRow;
use serde::Deserialize;
use sync_core::ids::VisitId;
use utoipa::IntoParams;

use super::TaskOut;
use crate::app::tasks::{self, Wanted};
use crate::app::{AppState, Ctx};
use crate::domain::Role;
use crate::domain::task::TaskKind;
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query, coded};
use crate::http::openapi::Problems;

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TaskQuery {
    /// `open` unless said otherwise, `done` or `settled`.
    #[param(example = "open")]
    pub state: Option<String>,
    /// Only of this kind.
    #[param(example = "open_point")]
    pub kind: Option<String>,
    /// Only those that this role is asked for now.
    #[param(example = "dispatcher")]
    pub role: Option<String>,
    /// Only of this visit.
    pub visit_id: Option<VisitId>,
}

/// Lists tasks in the order in which they came
///
/// Deadlines that have passed, open points of customers, lines that are missing. A rep sees his own and those of his
/// visits, a team lead those of the team.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/tasks", operation_id = "list_tasks", tag = "deadlines",
    params(TaskQuery, PageQuery),
    responses((status = 200, description = "Tasks", body = PageOut<TaskOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_tasks(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<TaskQuery>,
    page: Page,
) -> Result<web::Json<PageOut<TaskOut>>, ApiError> {
    let state_of = |code: &str| tasks::state::ALL.into_iter().find(|known| *known == code);
    let kinds = TaskKind::all().into_iter().map(TaskKind::code);
    let roles = Role::ALL.into_iter().map(Role::code);
    let wanted = Wanted {
        state: coded("state", query.state.as_deref(), state_of, tasks::state::ALL)?.unwrap_or(tasks::state::OPEN),
        kind: coded("kind", query.kind.as_deref(), TaskKind::from_code, kinds)?,
        role: coded("role", query.role.as_deref(), |code| code.parse().ok(), roles)?,
        visit: query.visit_id,
    };
    let found = tasks::list_tasks(&state, ctx, wanted, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |task: &TaskRow| task.id.to_string(), TaskOut::from)))
}
