//! What the office decided about a visit.

use serde::{Deserialize, Serialize};

use super::{LateDecisionRow, LateWorkRow};
use crate::bytes::Hash;
use crate::ids::{ChoiceId, DecisionId, ReworkId, UserId, VerdictId, VisitId};
use crate::merge::view::OpId;
use crate::time::UnixMillis;

/// A reviewer's decision (row kind `verdict`), append-only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerdictRow {
    /// The event.
    pub id: VerdictId,
    /// The visit.
    pub visit_id: VisitId,
    /// The judged photo record; absent for a verdict on the whole visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_id: Option<String>,
    /// The content the reviewer saw: blob hash of the photo; absent for the visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Hash>,
    /// The document heads the reviewer saw, for a verdict on the visit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<Hash>,
    /// The newest decision about what counts that the reviewer knew ([`Review::last_decision`]). Without it a verdict on
    /// the visit is judged by its heads alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_decision: Option<DecisionId>,
    /// `approve`, `reject` (photo) or `approve`, `return` (visit).
    pub decision: String,
    /// Reason code of a rejection or return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Codes of the `must_show` ticks the photo lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Text for the rep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who decided.
    pub by: UserId,
    /// When.
    pub at_ms: UnixMillis,
}

/// A rework ticket with only the rejected slots (row kind `rework`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReworkRow {
    /// The ticket.
    pub id: ReworkId,
    /// The visit.
    pub visit_id: VisitId,
    /// Rejected slots, in template order.
    pub slots: Vec<ReworkSlot>,
    /// The verdict on the visit that opened it.
    pub verdict_id: VerdictId,
    /// Heads of the document the reviewer judged; what these heads hold was judged.
    pub heads: Vec<Hash>,
    /// When it was opened.
    pub opened_at_ms: UnixMillis,
    /// When a resubmission answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at_ms: Option<UnixMillis>,
}

/// One rejected slot of a rework ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReworkSlot {
    /// Template slot.
    pub slot: String,
    /// The rejected photo records.
    pub photos: Vec<String>,
    /// `must_show` codes the photos lack.
    pub missing: Vec<String>,
    /// Reason codes.
    pub reasons: Vec<String>,
}

/// Which of several concurrent values counts, as a person decided (row kind `conflict`), append-only.
///
/// The newest choice that knew every value standing now counts; a value it did not know reopens the conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChoiceRow {
    /// The decision.
    pub id: ChoiceId,
    /// The visit.
    pub visit_id: VisitId,
    /// Root key of the map.
    pub map: String,
    /// Key in the map, or the code the records share.
    pub key: String,
    /// The values it judged, by the operations that wrote them.
    pub candidates: Vec<OpId>,
    /// The value that counts.
    pub chosen: OpId,
    /// Who decided.
    pub by: UserId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at_ms: UnixMillis,
}

/// Everything the office decided about one visit, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Review {
    /// Verdicts.
    pub verdicts: Vec<VerdictRow>,
    /// Rework tickets.
    pub reworks: Vec<ReworkRow>,
    /// Choices among concurrent values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceRow>,
    /// Work that came late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_work: Vec<LateWorkRow>,
    /// Decisions about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_decisions: Vec<LateDecisionRow>,
}
