//! What an import answers.

use serde::Serialize;
use sync_core::ids::{CustomerId, SiteId, WorkOrderId};
use utoipa::ToSchema;

use crate::app::FieldFault;
use crate::app::duplicates::Why;
use crate::app::work_orders::{ImportOutcome, ImportReport, Likely, LikelyWhat, Party, RowReport, RowResult};

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
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

/// Where the customer or site of a row comes from.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartyFrom {
    /// The row adds it.
    Added,
    /// It was there before.
    Known,
    /// An earlier row adds it.
    EarlierRow,
}

/// The customer or site of a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartyOut {
    /// Where it comes from.
    pub from: PartyFrom,
    /// Its id, once it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "01955f2c-3000-7000-8000-000000000001")]
    pub id: Option<String>,
    /// The earlier row that adds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

/// What is likely the same as what a row would add: one of the ids, or the earlier row that adds it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LikelyOut {
    /// `customer` or `site`.
    #[schema(example = "customer")]
    pub what: &'static str,
    /// The known customer, or whose the known site is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// The known site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    /// The earlier row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// What both have.
    pub why: Vec<Why>,
}

/// The result of a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportRowOut {
    /// Position in the list, from 0.
    #[schema(example = 0)]
    pub index: usize,
    /// The number of its row in the sheet, as people see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    pub sheet_row: Option<usize>,
    /// What became of it.
    pub status: RowStatus,
    /// The order, made now or known before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// Its number, if it was made now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "WO-2025-000002")]
    pub number: Option<String>,
    /// Whose order, of a good row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<PartyOut>,
    /// Where, of a good row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<PartyOut>,
    /// What is likely the same as what a good row adds, at most five customers and five sites.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub likely: Vec<LikelyOut>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldFault>,
    /// What was read in another way than it was written, and is no fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<FieldFault>,
}

/// The answer to an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportOut {
    /// Whether anything was kept.
    pub is_kept: bool,
    /// The name of the sheet that was read, of a workbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Sheet1")]
    pub sheet: Option<String>,
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
        let rows: Vec<ImportRowOut> =
            report.rows.into_iter().enumerate().map(|(index, row)| row_out(index, row)).collect();
        let count = |status| rows.iter().filter(|row| row.status == status).count();
        Self {
            is_kept: report.outcome == ImportOutcome::Kept,
            sheet: report.sheet,
            created: count(RowStatus::Created),
            duplicates: count(RowStatus::Duplicate),
            faulty: count(RowStatus::Faulty),
            rows,
        }
    }
}

fn row_out(index: usize, row: RowReport) -> ImportRowOut {
    let is_kept = matches!(row.result, RowResult::Created(..));
    let (customer, site) = row.parties.unzip();
    let (status, work_order_id, number, fields) = match row.result {
        RowResult::Created(id, number) => (RowStatus::Created, Some(id), number, Vec::new()),
        RowResult::Good => (RowStatus::Good, None, None, Vec::new()),
        RowResult::Duplicate(known) => (RowStatus::Duplicate, known, None, Vec::new()),
        RowResult::Faulty(fields) => (RowStatus::Faulty, None, None, fields),
    };
    ImportRowOut {
        index,
        sheet_row: row.number,
        status,
        work_order_id,
        number,
        customer: customer.map(|party| party_out(party, is_kept)),
        site: site.map(|party| party_out(party, is_kept)),
        likely: row.likely.iter().map(likely_out).collect(),
        fields,
        notes: row.notes,
    }
}

/// What is only to be added has no id that could be used.
fn party_out<T: ToString>(party: Party<T>, is_kept: bool) -> PartyOut {
    match party {
        Party::Added(id) => PartyOut { from: PartyFrom::Added, id: is_kept.then(|| id.to_string()), index: None },
        Party::Known(id) => PartyOut { from: PartyFrom::Known, id: Some(id.to_string()), index: None },
        Party::OfRow(id, index) => {
            PartyOut { from: PartyFrom::EarlierRow, id: is_kept.then(|| id.to_string()), index: Some(index) }
        }
    }
}

fn likely_out(likely: &Likely) -> LikelyOut {
    let (what, customer_id, site_id, index) = match likely.what {
        LikelyWhat::Customer(id) => ("customer", Some(id), None, None),
        LikelyWhat::CustomerOfRow(row) => ("customer", None, None, Some(row)),
        LikelyWhat::Site(id, of) => ("site", Some(of), Some(id), None),
        LikelyWhat::SiteOfRow(row) => ("site", None, None, Some(row)),
    };
    LikelyOut { what, customer_id, site_id, index, why: likely.why.clone() }
}
