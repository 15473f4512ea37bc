//! POST /v1/search

use actix_web::web;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::search::{self as app, Search};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::page::token_of;
use crate::http::extract::{Json, Page, PageQuery};
use crate::http::openapi::Problems;
use crate::http::v1::customers::CustomerOut;
use crate::http::v1::visits::VisitItemOut;
use crate::http::v1::work_orders::WorkOrderOut;

/// What to search for; all given terms must fit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "王海", "phone": "0001" }))]
pub struct SearchIn {
    /// Part of a customer's name.
    #[serde(default)]
    #[schema(example = "王海")]
    pub name: Option<String>,
    /// A phone number, or its last four digits.
    #[serde(default)]
    #[schema(example = "0001")]
    pub phone: Option<String>,
    /// Number of a work order or visit.
    #[serde(default)]
    #[schema(example = "WO-2025-000001")]
    pub number: Option<String>,
    /// 209 number.
    #[serde(default)]
    #[schema(example = "20900088001")]
    pub number_209: Option<String>,
    /// Number in the ordering system.
    #[serde(default)]
    #[schema(example = "CRM-88001")]
    pub external_ref: Option<String>,
    /// An address of a customer or site from where one of its parts begins: a street, a house, a number.
    #[serde(default)]
    #[schema(example = "示例路18号")]
    pub address: Option<String>,
}

/// One page of what was found, customers and work orders each in id order.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchOut {
    /// Customers.
    pub customers: Vec<CustomerOut>,
    /// Work orders.
    pub work_orders: Vec<WorkOrderOut>,
    /// Visits of these orders.
    pub visits: Vec<VisitItemOut>,
    /// Whether more may fit than the pages reach: name more of what is known.
    pub is_cut: bool,
    /// Send it as `page_token` with the same terms for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// Searches customers, work orders and visits
///
/// The terms travel in the body, so that no personal data stands in a URL. A page holds as many customers and as many work
/// orders as it is large, with the visits of these orders. That a page was shown is recorded, without the terms.
///
/// # Errors
/// `invalid` without a term, or with one too short to mean something; `page_size`, `page_token_invalid`.
#[utoipa::path(post, path = "/v1/search", operation_id = "search", tag = "search", params(PageQuery),
    request_body = SearchIn,
    responses((status = 200, description = "What was found", body = SearchOut), Problems),
    security(("bearer" = [])))]
pub async fn search(
    state: web::Data<AppState>,
    ctx: Ctx,
    page: Page,
    Json(body): Json<SearchIn>,
) -> Result<web::Json<SearchOut>, ApiError> {
    let terms = Search {
        name: body.name,
        phone: body.phone,
        number: body.number,
        number_209: body.number_209,
        external_ref: body.external_ref,
        address: body.address,
    };
    let found = app::search(&state, ctx, terms, page.after, page.size).await?;
    Ok(web::Json(SearchOut {
        customers: found.customers.into_iter().map(CustomerOut::from).collect(),
        work_orders: found.work_orders.into_iter().map(WorkOrderOut::from).collect(),
        visits: found.visits.into_iter().map(VisitItemOut::from).collect(),
        is_cut: found.is_cut,
        next_page_token: found.next.as_deref().map(token_of),
    }))
}
