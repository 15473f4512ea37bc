//! Late records in a review.

use serde::Serialize;
use sync_core::ids::{LateDecisionId, UserId};
use sync_core::plan::LateReason;
use sync_core::visit::LateRecord;
use utoipa::ToSchema;

use crate::http::wire::Instant;

/// A record that came late and does not count; the office may accept it (`decide_late_work`).
#[derive(Debug, Serialize, ToSchema)]
pub struct LateRecordOut {
    /// The map of the field record it stands in.
    #[schema(example = "answers")]
    pub map: String,
    /// Its key there: a question, `step/item`, or the id of the record.
    #[schema(example = "rating")]
    pub key: String,
    /// What it says: the value of an answer or tick, the telling fields of other records. Absent where it
    /// cannot be read, and for kinds of records that may name people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>, example = json!(2))]
    pub value: Option<serde_json::Value>,
    /// Why it is late.
    pub reason: LateReason,
    /// The decision that keeps it out; absent while it waits for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<LateDecisionId>,
    /// The value of the same key that counts; absent where there was none at hand-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>, example = json!(9))]
    pub counts: Option<serde_json::Value>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// When, as well as the device knew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
}

impl From<LateRecord> for LateRecordOut {
    fn from(record: LateRecord) -> Self {
        Self {
            map: record.map,
            key: record.key,
            value: record.value,
            reason: record.reason,
            decision: record.decision,
            counts: record.counts,
            by: record.by,
            at: record.at_ms.map(Instant::from),
        }
    }
}
