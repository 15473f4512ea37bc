//! GET /v1/work-orders/import-template

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::app::{Ctx, work_orders};
use crate::http::error::ApiError;
use crate::http::extract::Query;
use crate::http::openapi::Problems;

/// The language of the names of columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub enum NamesIn {
    /// Chinese.
    #[default]
    #[serde(rename = "zh-CN")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// Which template.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// `zh-CN` unless said otherwise.
    #[serde(default)]
    #[param(inline, example = "en")]
    pub language: NamesIn,
}

/// Gives an empty sheet of work orders
///
/// The names of all columns, to be filled in and imported. Columns that nobody needs may be left out. Format those of
/// phone numbers and 209 numbers as text, or the spreadsheet program takes away zeros in front.
///
/// # Errors
/// `parameter_invalid` for a language that is not here.
#[utoipa::path(get, path = "/v1/work-orders/import-template", operation_id = "import_template", tag = "work orders",
    params(TemplateQuery),
    responses((status = 200, description = "The sheet", content_type = "text/csv", body = String,
        example = "external_ref,number_209,type,channel"), Problems),
    security(("bearer" = [])))]
pub async fn import_template(_ctx: Ctx, Query(query): Query<TemplateQuery>) -> Result<HttpResponse, ApiError> {
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_DISPOSITION, "attachment; filename=\"work-orders.csv\""));
    let template = work_orders::template(query.language == NamesIn::Chinese);
    Ok(response.content_type("text/csv; charset=utf-8").body(template))
}
