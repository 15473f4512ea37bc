//! Importing work orders: customer, site and order per row, checked as a whole before anything is kept.

use doorstep_store::Conn;
use serde_json::json;
use sync_core::ids::{CustomerId, SiteId, WorkOrderId};

use super::OrderData;
use super::judge::{self, Judged};
use super::keep::keep;
use crate::app::customers::NewCustomer;
use crate::app::duplicates::Why;
use crate::app::sites::NewSite;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, FieldFault, Refusal, audit, numbers};

/// Most rows of one import.
const MAX_ROWS: usize = 10_000;

/// One row of an import.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Customer to add.
    pub customer: Option<NewCustomer>,
    /// Instead: one that is known.
    pub customer_id: Option<CustomerId>,
    /// Site to add.
    pub site: Option<NewSite>,
    /// Instead: one that is known.
    pub site_id: Option<SiteId>,
    /// Order to add.
    pub order: OrderData,
    /// Name of the site's grid, where its id is not known.
    pub grid_name: Option<String>,
    /// What is wrong with it as it was written.
    pub faults: Vec<FieldFault>,
    /// What was read in another way than it was written.
    pub notes: Vec<FieldFault>,
    /// Where it stands in a sheet.
    pub origin: Option<Origin>,
}

impl ImportRow {
    /// A row that adds customer, site and order, and stands in no sheet.
    #[must_use]
    pub const fn adding(customer: NewCustomer, site: NewSite, order: OrderData) -> Self {
        Self {
            customer: Some(customer),
            customer_id: None,
            site: Some(site),
            site_id: None,
            order,
            grid_name: None,
            faults: Vec::new(),
            notes: Vec::new(),
            origin: None,
        }
    }
}

/// The rows of an import.
#[derive(Debug, Clone)]
pub struct ImportRows {
    /// The name of the sheet they stand in, where the file has several.
    pub sheet: Option<String>,
    /// Them, in order.
    pub rows: Vec<ImportRow>,
}

/// Where a row stands in a sheet.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The number of the row that people see, from 1.
    pub number: usize,
    /// Its cells by name, with what each column fills.
    pub(super) cells: Vec<(String, super::sheet::Placed)>,
}

/// What happens to good rows when others are faulty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Nothing is kept.
    AllOrNothing,
    /// They are kept.
    GoodRows,
}

/// Whether customers and sites that are known already are taken instead of adding them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Only those that a row names by id.
    Named,
    /// Also the only customer with the same phone number and name, and his only site with the same address.
    Exact,
}

/// How to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportOptions {
    /// What happens to good rows when others are faulty.
    pub mode: ImportMode,
    /// Whether to answer only what would happen.
    pub is_preview: bool,
    /// What is taken instead of being added.
    pub reuse: Reuse,
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

/// The customer or site of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party<T> {
    /// It is added with this row.
    Added(T),
    /// It was there before.
    Known(T),
    /// The row with this index adds it.
    OfRow(T, usize),
}

impl<T: Copy> Party<T> {
    /// Its id.
    pub const fn id(self) -> T {
        match self {
            Self::Added(id) | Self::Known(id) | Self::OfRow(id, _) => id,
        }
    }
}

/// What is likely the same as what a row would add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likely {
    /// What it is.
    pub what: LikelyWhat,
    /// Why it is likely.
    pub why: Vec<Why>,
}

/// A customer or a site, known or of an earlier row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LikelyWhat {
    /// A known customer.
    Customer(CustomerId),
    /// The customer of an earlier row, by its index.
    CustomerOfRow(usize),
    /// A known site and its customer.
    Site(SiteId, CustomerId),
    /// The site of an earlier row, by its index.
    SiteOfRow(usize),
}

/// What an import says of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowReport {
    /// What became of it.
    pub result: RowResult,
    /// Customer and site of a good row; what is not kept yet has ids of no meaning.
    pub parties: Option<(Party<CustomerId>, Party<SiteId>)>,
    /// What is likely the same as what the row would add.
    pub likely: Vec<Likely>,
    /// What was read in another way than it was written.
    pub notes: Vec<FieldFault>,
    /// The number of its row in a sheet.
    pub number: Option<usize>,
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

/// The answer to an import; one report per row, in order.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// Whether rows were kept.
    pub outcome: ImportOutcome,
    /// The name of the sheet that was read, where the file has several.
    pub sheet: Option<String>,
    /// Per row.
    pub rows: Vec<RowReport>,
}

/// Imports work orders in one transaction.
///
/// The rows are judged before it, so that a large import holds nobody up; what is likely the same as a row is what was known
/// then. A row whose `external_ref` is known is a duplicate and no fault, so that an import can be repeated.
///
/// # Errors
/// `invalid` for an empty or too long list; faulty rows are results, not errors.
pub async fn import_work_orders(
    state: &AppState,
    ctx: Ctx,
    import: ImportRows,
    options: ImportOptions,
) -> AppResult<ImportReport> {
    let ImportRows { sheet, rows } = import;
    if rows.is_empty() || rows.len() > MAX_ROWS {
        let actual = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let refusal = Refusal::new(ErrorCode::Invalid).limit(10_000, actual);
        return Err(refusal.both("rows", "1 to 10000 rows", "1 至 10000 行").into());
    }
    let app = state.clone();
    let job = Job { app, ctx: ctx.clone(), sheet, rows, options };
    let judge = move |conn: &mut Conn| Ok::<_, AppError>((job.judge(conn)?, job));
    let (judged, job) = state.store.read(judge).await?;
    if options.is_preview {
        return Ok(job.report(ImportOutcome::Preview, judged));
    }
    ctx.once().write(&state.store, move |conn| job.run(conn, judged.clone())).await
}

/// An import on its way.
struct Job {
    app: AppState,
    ctx: Ctx,
    sheet: Option<String>,
    rows: Vec<ImportRow>,
    options: ImportOptions,
}

impl Job {
    fn judge(&self, conn: &mut Conn) -> AppResult<Vec<Judged>> {
        judge::judge(conn, &self.app, &self.ctx, &self.rows, self.options.reuse)
    }

    fn run(&self, conn: &mut Conn, mut judged: Vec<Judged>) -> AppResult<ImportReport> {
        // Whoever adds an order takes a number: from here on nobody does.
        numbers::lock(conn, self.ctx.actor.org, "WO", self.ctx.now)?;
        if judge::is_stale(conn, &self.ctx, &self.rows, self.options.reuse, &judged)? {
            judged = self.judge(conn)?;
        }
        let is_faulty = judged.iter().any(|row| matches!(row.report.result, RowResult::Faulty(_)));
        if is_faulty && self.options.mode == ImportMode::AllOrNothing {
            return Ok(self.report(ImportOutcome::Refused, judged));
        }
        let created = keep(conn, &self.app, &self.ctx, &self.rows, &mut judged)?;
        let detail = json!({ "rows": self.rows.len(), "created": created });
        audit::record(conn, &self.app, &self.ctx, "work_orders.imported", self.ctx.actor.org, &detail)?;
        Ok::<_, AppError>(self.report(ImportOutcome::Kept, judged))
    }

    fn report(&self, outcome: ImportOutcome, judged: Vec<Judged>) -> ImportReport {
        ImportReport { outcome, sheet: self.sheet.clone(), rows: judged.into_iter().map(|row| row.report).collect() }
    }
}
