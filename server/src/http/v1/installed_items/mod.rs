//! Serial numbers of what visits installed: response type and handler.

pub mod list;

use doorstep_store::installed_items::SerialSeen;
use serde::Serialize;
use sync_core::ids::{SiteId, UserId, VisitId};
use utoipa::ToSchema;

use crate::http::wire::Instant;

/// Where a serial number was seen.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstalledItemOut {
    /// The visit.
    pub visit_id: VisitId,
    /// Its state.
    #[schema(example = "approved")]
    pub state: String,
    /// Kind of its order: `remove` took the thing away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "install")]
    pub order_type: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    /// `material` for a record of material, `answer` for an answered question.
    #[schema(example = "answer")]
    pub source: String,
    /// Id of the record, or the question.
    #[schema(example = "ont_serial")]
    pub item_id: String,
    /// Stock code, of a material.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ONT-GPON")]
    pub sku: Option<String>,
    /// The serial number as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ONT-7F21-0001")]
    pub serial: Option<String>,
    /// When it was noted.
    pub at: Instant,
    /// By whom.
    pub noted_by: UserId,
}

impl From<SerialSeen> for InstalledItemOut {
    fn from(seen: SerialSeen) -> Self {
        let item = seen.item;
        Self {
            visit_id: item.visit_id.0,
            state: seen.state,
            order_type: seen.order_kind,
            site_id: seen.site,
            source: item.source,
            item_id: item.item_id,
            sku: Some(item.sku).filter(|sku| !sku.is_empty()),
            serial: item.serial,
            at: item.at_ms.into(),
            noted_by: item.noted_by.0,
        }
    }
}

/// The history of a serial number.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstalledItemsOut {
    /// Where it was seen, oldest first; at most 500.
    pub items: Vec<InstalledItemOut>,
}
