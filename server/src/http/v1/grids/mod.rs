//! Grids: response type and handlers.

pub mod list;
pub mod team;

use doorstep_store::grids::GridRow;
use serde::Serialize;
use sync_core::ids::{GridId, TeamId};
use utoipa::ToSchema;

/// A grid: an area that a team serves.
#[derive(Debug, Serialize, ToSchema)]
pub struct GridOut {
    /// The grid.
    pub id: GridId,
    /// Name.
    #[schema(example = "云泽东")]
    pub name: String,
    /// The team that serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// Version of the row, which is its `ETag`; 0 until a team is set.
    #[schema(example = 1)]
    pub version: i64,
}

impl From<GridRow> for GridOut {
    fn from(row: GridRow) -> Self {
        Self { id: row.id.0, team_id: row.team(), version: row.version(), name: row.name }
    }
}
