//! POST /v1/work-orders/import

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::{CustomerId, SiteId};
use utoipa::{IntoParams, ToSchema};

use super::OrderIn;
use super::import_body::ImportBody;
use super::import_out::ImportOut;
use crate::app::once::Answer;
use crate::app::work_orders::{self, ImportMode, ImportOptions, ImportReport, ImportRow, ImportRows, Reuse};
use crate::app::{AppResult, AppState, Ctx, ErrorCode, Refusal};
use crate::http::error::ApiError;
use crate::http::extract::Query;
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

/// Whether customers and sites that are known already are taken instead of adding them again.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReuseIn {
    /// Only those that a row names by id.
    #[default]
    Named,
    /// Also the only customer with the same phone number and name, and his only site with the same address.
    Exact,
}

/// How to import a sheet; JSON says it in its body.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// What happens to good rows when others are faulty; `all_or_nothing` unless said otherwise.
    #[param(inline, example = "good_rows")]
    pub mode: Option<ModeIn>,
    /// Whether to answer only what would happen.
    #[param(example = true)]
    pub dry_run: Option<bool>,
    /// Whether known customers and sites are taken instead of adding them again; `named` unless said otherwise.
    #[param(inline, example = "exact")]
    pub reuse: Option<ReuseIn>,
}

/// Customer, site and order of one row.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRowIn {
    /// Customer to add.
    #[serde(default)]
    pub customer: Option<CustomerIn>,
    /// Instead: one that is known.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// Site to add.
    #[serde(default)]
    pub site: Option<SiteData>,
    /// Instead: one of the known customer's.
    #[serde(default)]
    pub site_id: Option<SiteId>,
    /// Order to add.
    pub order: OrderIn,
}

impl From<ImportRowIn> for ImportRow {
    fn from(row: ImportRowIn) -> Self {
        Self {
            customer: row.customer.map(Into::into),
            customer_id: row.customer_id,
            site: row.site.map(Into::into),
            site_id: row.site_id,
            order: row.order.into(),
            grid_name: None,
            faults: Vec::new(),
            notes: Vec::new(),
            origin: None,
        }
    }
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
    /// `named` unless said otherwise.
    #[serde(default)]
    pub reuse: ReuseIn,
    /// 1 to 10000 rows.
    pub rows: Vec<ImportRowIn>,
}

const fn options(mode: ModeIn, is_preview: bool, reuse: ReuseIn) -> ImportOptions {
    let mode = match mode {
        ModeIn::AllOrNothing => ImportMode::AllOrNothing,
        ModeIn::GoodRows => ImportMode::GoodRows,
    };
    let reuse = match reuse {
        ReuseIn::Named => Reuse::Named,
        ReuseIn::Exact => Reuse::Exact,
    };
    ImportOptions { mode, is_preview, reuse }
}

/// Imports work orders with their customers and sites
///
/// Up to 5 MiB of JSON, text with separators or a workbook. Every row is checked before anything is kept; faulty rows
/// are listed with their fields, those of a sheet also with row, cell and column. A row whose `external_ref` is known
/// changes nothing, so an import can be repeated. `likely` names customers and sites that are likely the same as what a
/// row adds; nothing is merged, and reused only what a row names by id or `reuse` allows.
///
/// **Sheets.** The first row has the names of the columns, in any order and either language:
/// `external_ref` 外部单号, `number_209` 209号码, `type` 工单类型, `channel` 渠道, `priority` 优先级, `contracted_mbps` 签约带宽,
/// `inspection_phase` 验收阶段, `trigger` 触发事由, `customer_kind` 客户类型, `customer_name` 客户姓名, `phones` 联系电话,
/// `customer_address` 客户地址, `site_address` 施工地址, `scene` 场景, `access_note` 进门说明, `grid` 网格 (name or id), `lat` 纬度,
/// `lon` 经度, `accuracy_m` 精度米, `datum` 坐标系, `customer_id` 客户编号, `site_id` 地点编号, and `fields.CODE` for other order
/// fields. `type` and `channel` are needed, and customer and site columns unless the column with their id is there.
/// Closed words may be the codes or their Chinese names (`install` or 装机). Several phone numbers stand in one cell with
/// a comma, semicolon or line break between them. `import_template` gives an empty sheet.
/// Text is UTF-8 or UTF-16 with a byte order mark, UTF-8 without, or GB18030, with commas, semicolons or tabs. Of a workbook
/// the first visible sheet is read, of formulas their last result. Where a spreadsheet program made a number or a date
/// of a text, and digits may be lost, that is a fault of the row.
///
/// # Errors
/// `invalid` for an empty or too long list and for unknown, double or missing columns, `body_invalid` for what is no
/// table, `body_too_large`; faulty rows are results.
#[utoipa::path(post, path = "/v1/work-orders/import", operation_id = "import_work_orders", tag = "work orders",
    params(ImportQuery),
    request_body(content(
        (ImportIn = "application/json"),
        (String = "text/csv", example = "工单类型,渠道,客户编号,地点编号"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses((status = 200, description = "What became of each row", body = ImportOut), Problems),
    security(("bearer" = [])))]
pub async fn import_work_orders(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<ImportQuery>,
    body: ImportBody,
) -> Result<HttpResponse, ApiError> {
    let (rows, options) = match body {
        ImportBody::Json(body) => {
            if query.mode.is_some() || query.dry_run.is_some() || query.reuse.is_some() {
                let refusal = Refusal::new(ErrorCode::ParameterInvalid);
                return Err(refusal
                    .both("query", "nothing: JSON says it in its body", "无参数：JSON 在请求内容中说明")
                    .into());
            }
            let rows = ImportRows { sheet: None, rows: body.rows.into_iter().map(ImportRow::from).collect() };
            (rows, options(body.mode, body.dry_run, body.reuse))
        }
        ImportBody::Sheet(format, bytes) => {
            let rows = work_orders::read_sheet(format, bytes).await?;
            let is_preview = query.dry_run.unwrap_or_default();
            (rows, options(query.mode.unwrap_or_default(), is_preview, query.reuse.unwrap_or_default()))
        }
    };
    once(ctx, answer, |ctx| work_orders::import_work_orders(&state, ctx, rows, options)).await
}

fn answer(report: ImportReport) -> AppResult<Answer> {
    shown(None, &ImportOut::from(report))
}
