//! GET `/v1/kpi/{figure}`

use actix_web::web;
use serde::Serialize;
use sync_core::deadlines::{Figure, Standing};
use utoipa::ToSchema;

use super::{PeriodQuery, figure_of};
use crate::app::kpi::{self, Shown};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::{Path, Query};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// How many deadlines stand how.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingOut {
    /// How they stand.
    #[schema(example = "kept")]
    pub standing: String,
    /// The same in Chinese.
    #[schema(example = "计入，达标")]
    pub label_zh: String,
    /// Whether they count for or against.
    pub is_counted: bool,
    /// How many.
    #[schema(example = 47)]
    pub count: u64,
}

/// A figure.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureOut {
    /// The figure.
    #[schema(example = "fulfilment_rate")]
    pub figure: String,
    /// What it tells, in English.
    #[schema(example = "Fulfilment rate")]
    pub label_en: String,
    /// The same in Chinese.
    #[schema(example = "装维履约率")]
    pub label_zh: String,
    /// The rule it comes from.
    #[schema(example = "INS-38")]
    pub rule: String,
    /// The share kept of those that count, four decimals; absent where nothing counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.9400")]
    pub rate: Option<String>,
    /// How many count.
    #[schema(example = 50)]
    pub denominator: u64,
    /// As of when it was known so.
    pub as_of: Instant,
    /// How many stand how, all of them.
    pub standings: Vec<StandingOut>,
}

impl FigureOut {
    fn of(figure: Figure, shown: &Shown) -> Self {
        let standing = |standing: &Standing| StandingOut {
            standing: standing.code().to_owned(),
            label_zh: standing.label_zh().to_owned(),
            is_counted: standing.is_counted(),
            count: shown.tally.of(*standing),
        };
        Self {
            figure: figure.code().to_owned(),
            label_en: figure.label_en().to_owned(),
            label_zh: figure.label_zh().to_owned(),
            rule: figure.rule().to_owned(),
            rate: shown.tally.rate().map(|rate| rate.to_string()),
            denominator: shown.tally.counted(),
            as_of: shown.as_of.into(),
            standings: Standing::ALL.iter().map(standing).collect(),
        }
    }
}

/// Shows a figure of the working day
///
/// `fulfilment_rate` (kept appointments of those due), and the share kept of `first_contact`, `arrival`, `change_notice`,
/// `absence_wait` and `photo_review`. What the clocks leave open and what no phone has reported yet counts neither way.
/// A rep's figure is of his visits, a team lead's of the team's.
///
/// # Errors
/// `not_found` for a figure that does not exist, `parameter_invalid` naming the day or instant.
#[utoipa::path(get, path = "/v1/kpi/{figure}", operation_id = "show_figure", tag = "figures",
    params(("figure" = String, Path, description = "The figure", example = "fulfilment_rate"), PeriodQuery),
    responses((status = 200, description = "The figure", body = FigureOut), Problems), security(("bearer" = [])))]
pub async fn show_figure(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(code): Path<String>,
    Query(query): Query<PeriodQuery>,
) -> Result<web::Json<FigureOut>, ApiError> {
    let figure = figure_of(&code)?;
    let shown = kpi::show_figure(&state, ctx, query.of(figure)).await?;
    Ok(web::Json(FigureOut::of(figure, &shown)))
}
