//! POST /v1/work-orders/import

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use sync_core::ids::WorkOrderId;
use utoipa::ToSchema;

use super::OrderIn;
use crate::app::once::Answer;
use crate::app::work_orders::{self, ImportMode, ImportOutcome, ImportReport, ImportRow, RowResult};
use crate::app::{AppResult, AppState, Ctx, FieldFault};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;
use crate::http::v1::customers::CustomerIn;
use crate::http::v1::sites::SiteData;

/// What happens to good rows when others are faulty.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModeIn {
    /// Nothing is kept.
    #[default]
    AllOrNothing,
    /// They are kept.
    GoodRows,
}

/// Customer, site and order of one row.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRowIn {
    /// Customer to add.
    pub customer: CustomerIn,
    /// Site to add.
    pub site: SiteData,
    /// Order to add.
    pub order: OrderIn,
}

/// Work orders to import.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "mode": "all_or_nothing", "dry_run": true,
    "rows": [{
        "customer": { "kind": "individual", "name": "陈静", "phones": ["000-0000-0002"],
            "address": "云泽市虚构区样本街 6 号 1 栋 1203" },
        "site": { "address": "云泽市虚构区样本街 6 号 1 栋 1203", "scene": "urban_residential" },
        "order": { "external_ref": "CRM-88002", "type": "install", "channel": "online_marketing",
            "fields": { "contracted_mbps": "500" } }
    }]
}))]
pub struct ImportIn {
    /// `all_or_nothing` unless said otherwise.
    #[serde(default)]
    pub mode: ModeIn,
    /// Whether to answer only what would happen.
    #[serde(default)]
    pub dry_run: bool,
    /// 1 to 10000 rows.
    pub rows: Vec<ImportRowIn>,
}

/// What became of a row.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowStatus {
    /// Kept.
    Created,
    /// Good, but not kept: a preview, or another row is faulty.
    Good,
    /// The `external_ref` is known, or stands earlier in the list; nothing is changed.
    Duplicate,
    /// Faulty.
    Faulty,
}

/// The result of a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportRowOut {
    /// Position in the list, from 0.
    #[schema(example = 0)]
    pub index: usize,
    /// What became of it.
    pub status: RowStatus,
    /// The order, made now or known before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// Its number, if it was made now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "WO-2025-000002")]
    pub number: Option<String>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldFault>,
}

/// The answer to an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportOut {
    /// Whether anything was kept.
    pub is_kept: bool,
    /// Orders made.
    #[schema(example = 1)]
    pub created: usize,
    /// Rows whose `external_ref` was known.
    pub duplicates: usize,
    /// Faulty rows.
    pub faulty: usize,
    /// One result per row, in order.
    pub rows: Vec<ImportRowOut>,
}

impl From<ImportReport> for ImportOut {
    fn from(report: ImportReport) -> Self {
        let count = |is: fn(&RowResult) -> bool| report.rows.iter().filter(|row| is(row)).count();
        Self {
            is_kept: report.outcome == ImportOutcome::Kept,
            created: count(|row| matches!(row, RowResult::Created(..))),
            duplicates: count(|row| matches!(row, RowResult::Duplicate(_))),
            faulty: count(|row| matches!(row, RowResult::Faulty(_))),
            rows: report.rows.into_iter().enumerate().map(|(index, row)| row_out(index, row)).collect(),
        }
    }
}

fn row_out(index: usize, row: RowResult) -> ImportRowOut {
    let out = |status| ImportRowOut { index, status, work_order_id: None, number: None, fields: Vec::new() };
    match row {
        RowResult::Created(id, number) => ImportRowOut { work_order_id: Some(id), number, ..out(RowStatus::Created) },
        RowResult::Good => out(RowStatus::Good),
        RowResult::Duplicate(known) => ImportRowOut { work_order_id: known, ..out(RowStatus::Duplicate) },
        RowResult::Faulty(fields) => ImportRowOut { fields, ..out(RowStatus::Faulty) },
    }
}

/// Imports work orders with their customers and sites
///
/// Up to 5 MiB. Every row is checked before anything is kept; faulty rows are listed with their fields. A row
/// whose `external_ref` is known changes nothing, so an import can be repeated.
///
/// # Errors
/// `invalid` for an empty or too long list; faulty rows are results.
#[utoipa::path(post, path = "/v1/work-orders/import", operation_id = "import_work_orders", tag = "work orders",
    request_body = ImportIn,
    responses((status = 200, description = "What became of each row", body = ImportOut), Problems),
    security(("bearer" = [])))]
pub async fn import_work_orders(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<ImportIn>,
) -> Result<HttpResponse, ApiError> {
    let mode = match body.mode {
        ModeIn::AllOrNothing => ImportMode::AllOrNothing,
        ModeIn::GoodRows => ImportMode::GoodRows,
    };
    let rows = body
        .rows
        .into_iter()
        .map(|row| ImportRow { customer: row.customer.into(), site: row.site.into(), order: row.order.into() })
        .collect();
    once(ctx, answer, |ctx| work_orders::import_work_orders(&state, ctx, rows, mode, body.dry_run)).await
}

fn answer(report: ImportReport) -> AppResult<Answer> {
    shown(None, &ImportOut::from(report))
}
