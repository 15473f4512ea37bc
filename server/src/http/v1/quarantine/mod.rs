//! Quarantine: shared request and response types.

pub mod bytes;
pub mod dismiss;
pub mod list;
pub mod redrive;
pub mod salvage;
pub mod show;

use doorstep_store::quarantine::QuarantineItem;
use serde::Serialize;
use sync_core::ids::{DeviceId, UserId, VisitId};
use sync_core::quarantine::{Remedy, expected, hint, remedies};
use utoipa::ToSchema;

use super::reviews::TextOut;
use crate::http::wire::Instant;

/// Refused bytes: why, and what became of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantineItemOut {
    /// Change hash, statement digest, or SHA-256 of the bytes; unique together with the phone.
    pub id: String,
    /// The phone that sent them.
    pub device_id: DeviceId,
    /// Whose phone it is.
    pub user_id: UserId,
    /// `doc`, `intent`, `statement` or `blob`.
    #[schema(example = "doc")]
    pub kind: String,
    /// The visit, if known; of a blob the first that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// Why they were refused.
    #[schema(example = "operation_not_allowed")]
    pub code: String,
    /// What was expected instead.
    pub expected: TextOut,
    /// What can be done, the likeliest first.
    pub remedies: Vec<Remedy>,
    /// All of it in words.
    pub hint: TextOut,
    /// How many bytes are kept.
    pub bytes: i64,
    /// When they came.
    pub received_at: Instant,
    /// `open`, `redriven`, `replayed`, `salvaged` or `dismissed`.
    #[schema(example = "open")]
    pub state: String,
    /// When the state last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Instant>,
    /// Who changed it; absent where the phone did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_by: Option<UserId>,
    /// Why, in words of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

impl From<QuarantineItem> for QuarantineItemOut {
    fn from(item: QuarantineItem) -> Self {
        Self {
            expected: TextOut::from(&expected(&item.code)),
            remedies: remedies(&item.kind, &item.code),
            hint: TextOut::from(&hint(&item.kind, &item.code)),
            id: item.id,
            device_id: item.device_id.0,
            user_id: item.user_id.0,
            kind: item.kind,
            visit_id: item.visit_id.map(|visit| visit.0),
            code: item.code,
            bytes: item.size,
            received_at: item.received_at_ms.into(),
            state: item.state,
            settled_at: item.settled_at_ms.map(Instant::from),
            settled_by: item.settled_by.map(|user| user.0),
            remark: item.remark,
        }
    }
}
