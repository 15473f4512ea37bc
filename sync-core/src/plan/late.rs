//! Work that came late, and what the office says of it.

use serde::{Deserialize, Serialize};

use crate::bytes::Actor;
use crate::ids::{DeviceId, LateDecisionId, UserId, VisitId};
use crate::merge::view::OpId;
use crate::time::UnixMillis;

/// Why work counts as late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LateReason {
    /// The visit had been given to others when it came.
    Reassigned,
    /// The office had cancelled the visit.
    Cancelled,
    /// The office had closed the visit.
    Closed,
    /// The visit had been handed in.
    Submitted,
}

impl LateReason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Reassigned, Self::Cancelled, Self::Closed, Self::Submitted];

    /// Stable code, `snake_case`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reassigned => "reassigned",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
            Self::Submitted => "submitted",
        }
    }

    /// Whether work that comes for this reason is left out as if it had not been written: that it came after a visit was
    /// given away or closed is known to the server alone, which says so by a row.
    #[must_use]
    pub const fn is_held_out(self) -> bool {
        matches!(self, Self::Reassigned | Self::Closed)
    }

    /// The one of this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// The operations of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpSpan {
    /// Who wrote them.
    pub actor: Actor,
    /// Counter of the first.
    pub first: u64,
    /// Counter of the last.
    pub last: u64,
}

impl OpSpan {
    /// Whether an operation is among them.
    #[must_use]
    pub fn contains(&self, op: OpId) -> bool {
        self.actor == op.actor && (self.first..=self.last).contains(&op.counter)
    }
}

/// What one push brought late to a visit (row kind `late_work`, sent for the reasons `reassigned` and `closed`); never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LateWorkRow {
    /// The visit.
    pub visit_id: VisitId,
    /// Number of the push among those of the visit, from 1.
    pub seq: i64,
    /// Why it was late when the server took it.
    pub reason: LateReason,
    /// The rep who brought it.
    pub by: UserId,
    /// On which device.
    pub device_id: DeviceId,
    /// Its changes.
    pub changes: Vec<OpSpan>,
    /// When the server took it.
    pub at_ms: UnixMillis,
}

impl LateWorkRow {
    /// The push that brought an operation; of two the earlier one.
    #[must_use]
    pub fn that_brought(work: &[Self], op: OpId) -> Option<&Self> {
        work.iter().find(|row| row.changes.iter().any(|span| span.contains(op)))
    }
}

/// What the office says of work that came late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LateVerdict {
    /// It counts from now on.
    Accept,
    /// It stays out.
    Decline,
}

/// Whether operations that came late count, as the office decided (row kind `late_decision`), append-only.
///
/// Of several decisions about one operation the newest counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LateDecisionRow {
    /// The decision.
    pub id: LateDecisionId,
    /// The visit.
    pub visit_id: VisitId,
    /// The operations it judged; what comes later is undecided anew.
    pub ops: Vec<OpId>,
    /// Whether they count.
    pub decision: LateVerdict,
    /// Who decided.
    pub by: UserId,
    /// Why.
    pub reason: String,
    /// When.
    pub at_ms: UnixMillis,
}
