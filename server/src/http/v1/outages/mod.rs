//! Outages of a whole area: response types and handlers.

pub mod change;
pub mod end;
pub mod list;
pub mod open;
pub mod show;

use doorstep_store::outages::OutageRow;
use serde::Serialize;
use sync_core::ids::{GridId, OutageId, WorkOrderId};
use utoipa::ToSchema;

use crate::app::AppResult;
use crate::app::once::Answer;
use crate::app::outages::Outage;
use crate::http::once::shown;
use crate::http::wire::Instant;

/// An outage of a whole area.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutageOut {
    /// The outage.
    pub id: OutageId,
    /// What is broken.
    #[schema(example = "云泽东光缆中断")]
    pub title: String,
    /// Where.
    pub grid_id: GridId,
    /// When it will probably be over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_end: Option<Instant>,
    /// Since when it is known.
    pub opened_at: Instant,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Instant>,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The repair orders that wait for it.
    pub work_order_ids: Vec<WorkOrderId>,
    /// Version of the row, which is its `ETag`.
    #[schema(example = 1)]
    pub version: i64,
}

impl From<Outage> for OutageOut {
    fn from(outage: Outage) -> Self {
        let row = outage.row;
        Self {
            id: row.id.0,
            title: row.title,
            grid_id: row.grid_id.0,
            expected_end: row.expected_end_ms.map(Instant::from),
            opened_at: row.opened_at_ms.into(),
            ended_at: row.ended_at_ms.map(Instant::from),
            cause: row.cause,
            work_order_ids: outage.work_orders,
            version: row.version,
        }
    }
}

/// An open outage where a new repair order is.
#[derive(Debug, Serialize, ToSchema)]
pub struct LikelyOutageOut {
    /// The outage.
    pub id: OutageId,
    /// What is broken.
    #[schema(example = "云泽东光缆中断")]
    pub title: String,
    /// When it will probably be over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_end: Option<Instant>,
}

impl From<OutageRow> for LikelyOutageOut {
    fn from(row: OutageRow) -> Self {
        Self { id: row.id.0, title: row.title, expected_end: row.expected_end_ms.map(Instant::from) }
    }
}

fn answer(outage: Outage) -> AppResult<Answer> {
    shown(Some(outage.row.version), &OutageOut::from(outage))
}
