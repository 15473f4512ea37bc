//! POST `/v1/kpi/{figure}/disputes`

use actix_web::{HttpResponse, web};
use doorstep_store::tasks::TaskRow;
use serde::Deserialize;
use sync_core::ids::VisitId;
use utoipa::ToSchema;

use super::figure_of;
use crate::app::kpi::{self, Disputed};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;
use crate::http::v1::tasks::TaskOut;

/// What is disputed, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "visit_id": "01955f2c-3000-7000-8000-000000000001", "reason": "客户当场同意推迟半小时"
}))]
pub struct DisputeIn {
    /// The visit that the figure counts or leaves out.
    pub visit_id: VisitId,
    /// Which deadline of the visit, where `explain_figure` lists several.
    #[serde(default)]
    pub item: i64,
    /// Why, 1 to 500 characters.
    #[schema(example = "客户当场同意推迟半小时")]
    pub reason: String,
}

/// Disputes how a visit was judged
///
/// Opens a case, a task of the kind `dispute`, for the team lead; the judgement stands until then.
///
/// # Errors
/// `not_found` for a visit out of reach or one that the figure has nothing of, `conflict` if it is disputed already,
/// `invalid` without a reason.
#[utoipa::path(post, path = "/v1/kpi/{figure}/disputes", operation_id = "dispute_figure", tag = "figures",
    params(("figure" = String, Path, description = "The figure", example = "fulfilment_rate")),
    request_body = DisputeIn,
    responses((status = 201, description = "The case", body = TaskOut), Problems), security(("bearer" = [])))]
pub async fn dispute_figure(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(code): Path<String>,
    Json(body): Json<DisputeIn>,
) -> Result<HttpResponse, ApiError> {
    let figure = figure_of(&code)?;
    let disputed = Disputed { figure, visit: body.visit_id, item: body.item, reason: body.reason };
    once(ctx, answer, |ctx| kpi::dispute_figure(&state, ctx, disputed)).await
}

fn answer(task: TaskRow) -> AppResult<Answer> {
    created(Some(task.version), &TaskOut::from(task))
}
