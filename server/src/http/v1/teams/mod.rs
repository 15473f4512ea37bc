//! Teams: response type and handlers.

pub mod change;
pub mod create;
pub mod list;

use doorstep_store::teams::TeamRow;
use serde::Serialize;
use sync_core::ids::{TeamId, UserId};
use utoipa::ToSchema;

/// A team.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamOut {
    /// The team.
    pub id: TeamId,
    /// Code, where it was added with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "crew-1")]
    pub code: Option<String>,
    /// Name.
    #[schema(example = "装维一班")]
    pub name: String,
    /// Who leads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<UserId>,
    /// Version of the row, which is its `ETag`.
    #[schema(example = 1)]
    pub version: i64,
}

impl From<TeamRow> for TeamOut {
    fn from(row: TeamRow) -> Self {
        let lead_id = row.lead_id.map(|lead| lead.0);
        Self { id: row.id.0, code: row.code, name: row.name, lead_id, version: row.version }
    }
}
