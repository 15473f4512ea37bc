//! What was done and read, by whom.

pub mod list;

use doorstep_store::audit::AuditEventRow;
use serde::Serialize;
use serde_json::Value;
use sync_core::ids::{DeviceId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::wire::Instant;

/// Something that was done or read.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEventOut {
    /// Id.
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// When.
    pub at: Instant,
    /// Who; absent where nobody is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<UserId>,
    /// By which device; absent at the office.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// What, as `noun.verb`; `record.read` is a look.
    #[schema(example = "record.read")]
    pub kind: String,
    /// To what: an id, or the path of a list.
    pub subject: String,
    /// More about it, by kind.
    #[schema(value_type = Object)]
    pub detail: Value,
}

impl From<AuditEventRow> for AuditEventOut {
    fn from(row: AuditEventRow) -> Self {
        Self {
            id: row.id.0,
            at: row.at_ms.into(),
            actor_id: row.actor_id.map(|actor| actor.0),
            device_id: row.device_id.map(|device| device.0),
            kind: row.kind,
            subject: row.subject,
            // What is no JSON is shown as the text that it is.
            detail: serde_json::from_str(&row.detail).unwrap_or(Value::String(row.detail)),
        }
    }
}
