//! Concurrent values: shared response types.

pub mod choose;
pub mod inbox;
pub mod list;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::Map;
use sync_core::ids::{ChoiceId, DeviceId, UserId};
use sync_core::merge::view::{Conflict, Entry, OpId};
use sync_core::plan::ChoiceRow;
use sync_core::visit::late;
use utoipa::ToSchema;

use crate::app::conflicts::VisitConflicts;
use crate::http::wire::Instant;

/// One of several concurrent values.
#[derive(Debug, Serialize, ToSchema)]
pub struct CandidateOut {
    /// The operation that wrote it: its name in a choice.
    pub op: OpId,
    /// Id of the record, where records compete.
    pub record: String,
    /// What it says; absent where it may name people, or cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// On which device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// When, as well as the device knew; never what decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// How far that may be off, in milliseconds, where the device knew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_error_ms: Option<i64>,
    /// Whether it counts.
    pub counts: bool,
}

/// Concurrent values of one thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConflictOut {
    /// Root key of the map.
    #[schema(example = "answers")]
    pub map: String,
    /// Key in the map, or the code that records share.
    #[schema(example = "rating")]
    pub key: String,
    /// The policy of the key: `newest`, `max`, `min`, `first_signed` or `ask`.
    #[schema(example = "ask")]
    pub policy: String,
    /// Whether it waits for a person; the value that counts only stands in.
    pub is_open: bool,
    /// The choice in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<ChoiceId>,
    /// Every value, in operation order.
    pub candidates: Vec<CandidateOut>,
}

impl ConflictOut {
    fn of(conflict: Conflict, devices: &BTreeMap<Actor, DeviceId>) -> Self {
        let map = Map::from_key(&conflict.map);
        let candidate = |entry: &Entry<Value>| {
            let at = entry.at();
            CandidateOut {
                op: entry.op,
                record: entry.key.clone(),
                value: map.and_then(|map| late::shown(map, &entry.value)),
                by: entry.by(),
                device_id: devices.get(&entry.op.actor).copied(),
                at_error_ms: at.as_ref().and_then(|at| at.err_ms),
                at: at.map(|at| at.corrected().into()),
                counts: entry.op == conflict.chosen,
            }
        };
        Self {
            candidates: conflict.candidates.iter().map(candidate).collect(),
            is_open: conflict.is_open(),
            policy: conflict.policy.name().to_owned(),
            choice: conflict.choice,
            map: conflict.map,
            key: conflict.key,
        }
    }
}

/// An office choice; nothing changes or removes it, a newer one takes its place.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChoiceOut {
    /// Id, made by the client.
    pub id: ChoiceId,
    /// Root key of the map.
    #[schema(example = "answers")]
    pub map: String,
    /// Key in the map, or the code that records share.
    #[schema(example = "rating")]
    pub key: String,
    /// The values it judged.
    pub candidates: Vec<OpId>,
    /// The value that counts.
    pub chosen: OpId,
    /// Who chose.
    pub by: UserId,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at: Instant,
}

impl From<ChoiceRow> for ChoiceOut {
    fn from(row: ChoiceRow) -> Self {
        Self {
            id: row.id,
            map: row.map,
            key: row.key,
            candidates: row.candidates,
            chosen: row.chosen,
            by: row.by,
            reason: row.reason,
            at: row.at_ms.into(),
        }
    }
}

/// What stands side by side in a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitConflictsOut {
    /// Heads of the document it was read from.
    pub heads: Vec<Hash>,
    /// Concurrent values among what counts, by map and key.
    pub conflicts: Vec<ConflictOut>,
    /// Every choice so far, oldest first, also those that no longer apply.
    pub choices: Vec<ChoiceOut>,
    /// Names of those who wrote or chose.
    #[schema(example = json!({ "01955f2c-3000-7000-8000-000000000009": "李明" }))]
    pub people: BTreeMap<UserId, String>,
}

impl From<VisitConflicts> for VisitConflictsOut {
    fn from(found: VisitConflicts) -> Self {
        let VisitConflicts { heads, conflicts, choices, names, devices } = found;
        Self {
            heads,
            conflicts: conflicts.into_iter().map(|conflict| ConflictOut::of(conflict, &devices)).collect(),
            choices: choices.into_iter().map(ChoiceOut::from).collect(),
            people: names,
        }
    }
}
