//! Work that came late: shared response types.

pub mod decide;
pub mod inbox;
pub mod list;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, LateDecisionId, UserId};
use sync_core::merge::view::OpId;
use sync_core::plan::{LateDecisionRow, LateReason, LateVerdict, LateWorkRow};
use utoipa::ToSchema;

use crate::app::late_work::{LateRecordItem, VisitLateWork};
use crate::http::wire::Instant;

/// A push that brought work late.
#[derive(Debug, Serialize, ToSchema)]
pub struct LatePushOut {
    /// Number of the push among those of the visit.
    #[schema(example = 2)]
    pub push: i64,
    /// Why it was late when the server took it, as the rep was told.
    pub reason: LateReason,
    /// The rep who brought it.
    pub by: UserId,
    /// On which device.
    pub device_id: DeviceId,
    /// When the server took it.
    pub received_at: Instant,
}

impl From<LateWorkRow> for LatePushOut {
    fn from(row: LateWorkRow) -> Self {
        Self { push: row.seq, reason: row.reason, by: row.by, device_id: row.device_id, received_at: row.at_ms.into() }
    }
}

/// A record that came late.
#[derive(Debug, Serialize, ToSchema)]
pub struct LateItemOut {
    /// The operation that wrote it: its name in a decision.
    pub op: OpId,
    /// The map of the field record it stands in.
    #[schema(example = "answers")]
    pub map: String,
    /// Its key there.
    #[schema(example = "rating")]
    pub key: String,
    /// What it says; absent where it may name people, or cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The value of the same key that counts instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Value>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// On which device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// When, as well as the device knew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// Why it is late.
    pub reason: LateReason,
    /// The push that brought it, one of `brought`; absent where it came in time and became late since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    pub push: Option<i64>,
    /// Whether it counts, since the office accepted it.
    pub is_accepted: bool,
    /// The newest decision about it; absent while it waits for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<LateDecisionId>,
}

impl From<LateRecordItem> for LateItemOut {
    fn from(item: LateRecordItem) -> Self {
        let LateRecordItem { record, reason, is_accepted, push, device } = item;
        Self {
            op: record.op,
            map: record.map,
            key: record.key,
            value: record.value,
            counts: record.counts,
            by: record.by,
            device_id: device,
            at: record.at_ms.map(Instant::from),
            reason,
            push,
            is_accepted,
            decision: record.decision,
        }
    }
}

/// A decision of the office; nothing changes or removes it, a newer one takes its place.
#[derive(Debug, Serialize, ToSchema)]
pub struct LateDecisionOut {
    /// Id, made by the client.
    pub id: LateDecisionId,
    /// Whether the operations count.
    pub decision: LateVerdict,
    /// The operations it judged.
    pub ops: Vec<OpId>,
    /// Who decided.
    pub by: UserId,
    /// Why.
    #[schema(example = "交接前已完成的测试")]
    pub reason: String,
    /// When.
    pub at: Instant,
}

impl From<LateDecisionRow> for LateDecisionOut {
    fn from(row: LateDecisionRow) -> Self {
        Self { id: row.id, decision: row.decision, ops: row.ops, by: row.by, reason: row.reason, at: row.at_ms.into() }
    }
}

/// What came late to a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitLateWorkOut {
    /// Heads of the document it was read from.
    pub heads: Vec<Hash>,
    /// Every late record, those that do not count first.
    pub records: Vec<LateItemOut>,
    /// Which pushes brought work late, oldest first.
    pub brought: Vec<LatePushOut>,
    /// Every decision so far, oldest first.
    pub decisions: Vec<LateDecisionOut>,
    /// Names of those who wrote, brought or decided.
    #[schema(example = json!({ "01955f2c-3000-7000-8000-000000000009": "李明" }))]
    pub people: BTreeMap<UserId, String>,
}

impl From<VisitLateWork> for VisitLateWorkOut {
    fn from(found: VisitLateWork) -> Self {
        Self {
            heads: found.heads,
            records: found.records.into_iter().map(LateItemOut::from).collect(),
            brought: found.brought.into_iter().map(LatePushOut::from).collect(),
            decisions: found.decisions.into_iter().map(LateDecisionOut::from).collect(),
            people: found.names,
        }
    }
}
