//! GET /v1/deadlines

use actix_web::web;
use serde::{Deserialize, Serialize};
use sync_core::deadlines::{DueCode, DueState};
use sync_core::ids::{VisitId, WorkOrderId};
use utoipa::{IntoParams, ToSchema};

use crate::app::deadlines::{self, Listed, Wanted};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query, coded};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// Which deadlines.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeadlineQuery {
    /// `open` unless said otherwise, `met`, `missed`, `undetermined` or `void`.
    #[param(example = "open")]
    pub state: Option<String>,
    /// `first_contact`, `arrival`, `change_notice`, `absence_wait` or `photo_review`.
    #[param(example = "arrival")]
    pub code: Option<String>,
    /// Only of this visit.
    pub visit_id: Option<VisitId>,
    /// Only of this work order and its visits.
    pub work_order_id: Option<WorkOrderId>,
    /// Only those due at this instant or before: with now, what is overdue.
    pub due_by: Option<Instant>,
}

/// A deadline.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadlineOut {
    /// Which deadline.
    #[schema(example = "arrival")]
    pub code: String,
    /// Its number in the table of deadlines.
    #[schema(example = "D-02")]
    pub number: String,
    /// The rule it comes from.
    #[schema(example = "APT-03")]
    pub rule: String,
    /// What is to be done, in English.
    #[schema(example = "Arrival before the appointment")]
    pub label_en: String,
    /// The same in Chinese.
    #[schema(example = "按预约时间到达")]
    pub label_zh: String,
    /// Which one of several: the change of an appointment, the attempt, the round of a review.
    #[schema(example = 1)]
    pub item: i64,
    /// The visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// The work order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// What it counts from.
    pub trigger_at: Instant,
    /// By when it is kept; of a wait, until when it lasts.
    pub due_at: Instant,
    /// When it was done, corrected as well as the clocks tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub happened_at: Option<Instant>,
    /// What became of it.
    #[schema(example = "met")]
    pub state: String,
    /// The same in Chinese.
    #[schema(example = "达标")]
    pub state_zh: String,
    /// Whether it has passed while nothing is known to have been done; the phone that kept it may be offline.
    pub is_overdue: bool,
}

impl From<Listed> for DeadlineOut {
    fn from(listed: Listed) -> Self {
        let (row, due) = (listed.row, listed.due);
        Self {
            code: due.code.code().to_owned(),
            number: due.code.number().to_owned(),
            rule: due.code.rule().to_owned(),
            label_en: due.code.label_en().to_owned(),
            label_zh: due.code.label_zh().to_owned(),
            item: due.item,
            visit_id: row.visit_id.map(|visit| visit.0),
            work_order_id: row.work_order_id.map(|order| order.0),
            trigger_at: due.trigger_at.into(),
            due_at: due.due_at.into(),
            happened_at: due.happened_at.map(Instant::from),
            state: due.state.code().to_owned(),
            state_zh: due.state.label_zh().to_owned(),
            is_overdue: listed.is_overdue,
        }
    }
}

/// Lists deadlines of one state by the time they are due
///
/// Judged with corrected times: `met`, `missed`, or `undetermined` where the clocks leave it open. One that has passed while
/// nothing is known stays `open`, and is judged when the phone reports. A rep sees those of his visits and their orders, a
/// team lead those of the team.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/deadlines", operation_id = "list_deadlines", tag = "deadlines",
    params(DeadlineQuery, PageQuery),
    responses((status = 200, description = "Deadlines", body = PageOut<DeadlineOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_deadlines(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<DeadlineQuery>,
    page: Page,
) -> Result<web::Json<PageOut<DeadlineOut>>, ApiError> {
    let codes = DueCode::ALL.iter().map(|code| code.code());
    let states = DueState::ALL.iter().map(|state| state.code());
    let wanted = Wanted {
        state: coded("state", query.state.as_deref(), DueState::from_code, states)?.unwrap_or(DueState::Open),
        code: coded("code", query.code.as_deref(), DueCode::from_code, codes)?,
        visit: query.visit_id,
        work_order: query.work_order_id,
        due_by: query.due_by.map(|at| at.0),
    };
    let found = deadlines::list_deadlines(&state, ctx, wanted, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, Listed::key, DeadlineOut::from)))
}
