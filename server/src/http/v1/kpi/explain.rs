//! GET `/v1/kpi/{figure}/explain`

use actix_web::web;
use serde::{Deserialize, Serialize};
use sync_core::deadlines::Standing;
use sync_core::ids::{VisitId, WorkOrderId};
use utoipa::{IntoParams, ToSchema};

use super::{PeriodQuery, figure_of};
use crate::app::kpi::{self, Line};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Path, Query, coded};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// Which of the deadlines behind a figure.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StandingQuery {
    /// Only those that stand so: `kept`, `missed`, `short_notice`, `changed_by_customer`, `void`, `open`, `undetermined`.
    #[param(example = "missed")]
    pub standing: Option<String>,
}

/// One deadline behind a figure.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureLineOut {
    /// The visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// The work order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// Which deadline of the visit, where it has several.
    #[schema(example = 0)]
    pub item: i64,
    /// How it stands, and so why it counts or does not.
    #[schema(example = "missed")]
    pub standing: String,
    /// The same in Chinese.
    #[schema(example = "计入，未达标")]
    pub standing_zh: String,
    /// Whether it counts for or against.
    pub is_counted: bool,
    /// By when it is kept.
    pub due_at: Instant,
    /// When it was done, corrected as well as the clocks tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub happened_at: Option<Instant>,
    /// Minutes before the appointment, of an arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "8.00")]
    pub minutes_before: Option<String>,
    /// `too_early`, `in_window`, `tight` or `late`, of an arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "in_window")]
    pub arrival_class: Option<String>,
    /// The rule it comes from.
    #[schema(example = "APT-03")]
    pub rule: String,
    /// The version of the policy by which it was judged.
    #[schema(example = 1)]
    pub policy_version: i64,
}

impl From<Line> for FigureLineOut {
    fn from(line: Line) -> Self {
        let (judgement, due) = (line.judgement, line.due);
        Self {
            visit_id: judgement.visit_id.map(|visit| visit.0),
            work_order_id: judgement.work_order_id.map(|order| order.0),
            item: due.item,
            standing: line.standing.code().to_owned(),
            standing_zh: line.standing.label_zh().to_owned(),
            is_counted: line.standing.is_counted(),
            due_at: due.due_at.into(),
            happened_at: due.happened_at.map(Instant::from),
            minutes_before: line.arrival.map(|arrival| arrival.minutes_before()),
            arrival_class: line.arrival.map(|arrival| arrival.class.code().to_owned()),
            rule: due.code.rule().to_owned(),
            policy_version: judgement.policy_version,
        }
    }
}

/// Lists what a figure is made of, by the time it was due
///
/// Each deadline with how it stands: counted and kept or not, or left out and why; with the rule and the version of the
/// policy by which it was judged. As of an earlier instant it lists what was known then.
///
/// # Errors
/// `not_found` for a figure that does not exist, `parameter_invalid`, `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/kpi/{figure}/explain", operation_id = "explain_figure", tag = "figures",
    params(("figure" = String, Path, description = "The figure", example = "fulfilment_rate"), PeriodQuery, StandingQuery, PageQuery),
    responses((status = 200, description = "Deadlines", body = PageOut<FigureLineOut>), Problems),
    security(("bearer" = [])))]
pub async fn explain_figure(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(code): Path<String>,
    Query(period): Query<PeriodQuery>,
    Query(query): Query<StandingQuery>,
    page: Page,
) -> Result<web::Json<PageOut<FigureLineOut>>, ApiError> {
    let figure = figure_of(&code)?;
    let codes = Standing::ALL.iter().map(|standing| standing.code());
    let standing = coded("standing", query.standing.as_deref(), Standing::from_code, codes)?;
    let lines = kpi::explain_figure(&state, ctx, period.of(figure), standing, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(lines, Line::key, FigureLineOut::from)))
}
