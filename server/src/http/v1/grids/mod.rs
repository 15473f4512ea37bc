//! Grids: response type and handlers.

pub mod change;
pub mod create;
pub mod list;
pub mod team;

use doorstep_store::grids::GridRow;
use serde::{Deserialize, Serialize};
use sync_core::ids::{GridId, TeamId};
use utoipa::ToSchema;

use crate::app::dispatch::NewArea;

/// A grid: an area that a team serves.
#[derive(Debug, Serialize, ToSchema)]
pub struct GridOut {
    /// The grid.
    pub id: GridId,
    /// Code, where it was added with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "yunze-east")]
    pub code: Option<String>,
    /// Name.
    #[schema(example = "云泽东")]
    pub name: String,
    /// The team that serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// Version of name and team, which is its `ETag`; 0 at first.
    #[schema(example = 1)]
    pub version: i64,
}

impl From<GridRow> for GridOut {
    fn from(row: GridRow) -> Self {
        Self { id: row.id.0, team_id: row.team(), version: row.version, code: row.code, name: row.name }
    }
}

/// A grid or team to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "yunze-north", "name": "云泽北" }))]
pub struct AreaIn {
    /// Code, 1 to 64 of a-z, 0-9, dot, hyphen, underscore; unique among those of its kind, and it stays.
    #[schema(example = "yunze-north")]
    pub code: String,
    /// Name, 1 to 100 characters.
    #[schema(example = "云泽北")]
    pub name: String,
}

impl From<AreaIn> for NewArea {
    fn from(body: AreaIn) -> Self {
        Self { code: body.code, name: body.name }
    }
}
