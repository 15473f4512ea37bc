//! Sites: request and response types.

pub mod create;
pub mod relocate;
pub mod reveal;
pub mod show;

use doorstep_store::sites::SiteRecord;
use serde::{Deserialize, Serialize};
use sync_core::ids::{CustomerId, GridId, SiteId};
use sync_core::time::Geo;
use utoipa::ToSchema;

use crate::app::rows::site_row;
use crate::app::sites::NewSite;
use crate::http::wire::Instant;

/// A site to add, without its customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "address": "云泽市虚构区示例路 18 号 3 栋 502", "scene": "urban_residential", "access_note": "单元门密码问物业"
}))]
pub struct SiteData {
    /// Grid.
    #[serde(default)]
    pub grid_id: Option<GridId>,
    /// Address, 1 to 300 characters.
    #[schema(example = "云泽市虚构区示例路 18 号 3 栋 502")]
    pub address: String,
    /// Position.
    #[serde(default)]
    pub geo: Option<Geo>,
    /// `urban_residential`, `rural` or `business`.
    #[schema(example = "urban_residential")]
    pub scene: String,
    /// How to get in.
    #[serde(default)]
    #[schema(example = "单元门密码问物业")]
    pub access_note: Option<String>,
}

impl From<SiteData> for NewSite {
    fn from(body: SiteData) -> Self {
        Self {
            grid: body.grid_id,
            address: body.address,
            geo: body.geo,
            scene: body.scene,
            access_note: body.access_note,
        }
    }
}

/// A site.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteOut {
    /// Id.
    pub id: SiteId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Grid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid_id: Option<GridId>,
    /// Address.
    #[schema(example = "云泽市虚构区示例路 18 号 3 栋 502")]
    pub address: String,
    /// Position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
    /// `urban_residential`, `rural` or `business`.
    #[schema(example = "urban_residential")]
    pub scene: String,
    /// How to get in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_note: Option<String>,
    /// Version of the row.
    #[schema(example = 1)]
    pub version: i64,
    /// When it was added.
    pub created_at: Instant,
}

impl From<SiteRecord> for SiteOut {
    fn from(record: SiteRecord) -> Self {
        let row = site_row(&record);
        Self {
            id: row.id,
            customer_id: row.customer_id,
            grid_id: record.grid_id.map(|grid| grid.0),
            address: row.address,
            geo: row.geo,
            scene: row.scene,
            access_note: row.access_note,
            version: record.version,
            created_at: record.created_at_ms.into(),
        }
    }
}
