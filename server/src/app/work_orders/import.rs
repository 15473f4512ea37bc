//! Importing work orders: customer, site and order per row, checked as a whole before anything is kept.

use std::collections::BTreeSet;

use doorstep_store::{Conn, work_orders};
use serde_json::json;
use sync_core::ids::{CustomerId, SiteId, WorkOrderId};

use super::{OrderData, check, insert};
use crate::app::customers::{self, NewCustomer};
use crate::app::sites::{self, NewSite};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, FieldFault, Refusal, audit};

/// Most rows of one import.
const MAX_ROWS: usize = 10_000;

/// One row of an import.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Customer to add.
    pub customer: NewCustomer,
    /// Site to add.
    pub site: NewSite,
    /// Order to add.
    pub order: OrderData,
}

/// What happens to good rows when others are faulty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Nothing is kept.
    AllOrNothing,
    /// They are kept.
    GoodRows,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowResult {
    /// Kept under this id and number.
    Created(WorkOrderId, Option<String>),
    /// Would be kept: a preview, or another row is faulty.
    Good,
    /// An order with this `external_ref` exists already or stands earlier in the list; nothing is changed.
    Duplicate(Option<WorkOrderId>),
    /// Faulty.
    Faulty(Vec<FieldFault>),
}

/// Whether rows were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The good rows were kept.
    Kept,
    /// A preview was asked for.
    Preview,
    /// Nothing was kept because of faulty rows.
    Refused,
}

/// The answer to an import; one result per row, in order.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// Whether rows were kept.
    pub outcome: ImportOutcome,
    /// Per row.
    pub rows: Vec<RowResult>,
}

/// Imports work orders in one transaction.
///
/// A row whose `external_ref` is known is a duplicate and no fault, so that an import can be repeated.
///
/// # Errors
/// `invalid` for an empty or too long list; faulty rows are results, not errors.
pub async fn import_work_orders(
    state: &AppState,
    ctx: Ctx,
    rows: Vec<ImportRow>,
    mode: ImportMode,
    is_preview: bool,
) -> AppResult<ImportReport> {
    if rows.is_empty() || rows.len() > MAX_ROWS {
        let actual = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        return Err(Refusal::new(ErrorCode::Invalid).limit(10_000, actual).field("rows", "1 to 10000 rows").into());
    }
    let app = state.clone();
    if is_preview {
        let judged = state.store.read(move |conn| judge(conn, &ctx, &rows)).await?;
        return Ok(ImportReport { outcome: ImportOutcome::Preview, rows: judged });
    }
    ctx.once()
        .write(&state.store, move |conn| {
            let mut judged = judge(conn, &ctx, &rows)?;
            let is_faulty = judged.iter().any(|result| matches!(result, RowResult::Faulty(_)));
            if is_faulty && mode == ImportMode::AllOrNothing {
                return Ok(ImportReport { outcome: ImportOutcome::Refused, rows: judged });
            }
            for (row, result) in rows.iter().zip(&mut judged) {
                if *result == RowResult::Good {
                    *result = keep(conn, &app, &ctx, row)?;
                }
            }
            let created = judged.iter().filter(|result| matches!(result, RowResult::Created(..))).count();
            let detail = json!({ "rows": rows.len(), "created": created });
            audit::record(conn, &app, &ctx, "work_orders.imported", ctx.actor.org, &detail)?;
            Ok::<_, AppError>(ImportReport { outcome: ImportOutcome::Kept, rows: judged })
        })
        .await
}

/// Checks every row against the others and what is stored.
fn judge(conn: &mut Conn, ctx: &Ctx, rows: &[ImportRow]) -> AppResult<Vec<RowResult>> {
    let mut seen = BTreeSet::new();
    (0..).zip(rows).map(|(index, row)| judge_row(conn, ctx, index, row, &mut seen)).collect()
}

fn judge_row<'a>(
    conn: &mut Conn,
    ctx: &Ctx,
    index: usize,
    row: &'a ImportRow,
    seen: &mut BTreeSet<&'a str>,
) -> AppResult<RowResult> {
    let at = format!("rows[{index}].");
    let mut refusal = customers::check(&format!("{at}customer."), &row.customer, Refusal::new(ErrorCode::Invalid));
    refusal = sites::check(&format!("{at}site."), &row.site, refusal);
    refusal = check(&format!("{at}order."), &row.order, refusal);
    if let Some(grid) = row.site.grid
        && !doorstep_store::users::has_grid(conn, ctx.actor.org, grid)?
    {
        refusal = refusal.field(format!("{at}site.grid_id"), "an existing grid");
    }
    if !refusal.fields.is_empty() {
        return Ok(RowResult::Faulty(refusal.fields));
    }
    let Some(reference) = &row.order.external_ref else { return Ok(RowResult::Good) };
    if !seen.insert(reference) {
        return Ok(RowResult::Duplicate(None));
    }
    let known = work_orders::find_by_external_ref(conn, ctx.actor.org, reference)?;
    Ok(known.map_or(RowResult::Good, |known| RowResult::Duplicate(Some(known.id.0))))
}

fn keep(conn: &mut Conn, app: &AppState, ctx: &Ctx, row: &ImportRow) -> AppResult<RowResult> {
    let org = ctx.actor.org;
    let customer = customers::insert(conn, org, CustomerId(app.id()), &row.customer, ctx.now)?.row.id.0;
    let site = sites::insert(conn, org, SiteId(app.id()), customer, &row.site, ctx.now)?.id.0;
    let order = insert(conn, app, ctx, (customer, site), &row.order)?;
    Ok(RowResult::Created(order.id.0, order.number))
}
