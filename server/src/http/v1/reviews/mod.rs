//! Review: shared request and response types.

pub mod claim;
pub mod history;
pub mod judge_photo;
pub mod judge_visit;
mod late;
mod photo;
mod plan;
pub mod queue;
pub mod show;

use serde::Serialize;
use sync_core::bytes::Hash;
use sync_core::ids::{DecisionId, ReworkId, UserId, VerdictId, VisitId};
use sync_core::plan::{ReworkRow, ReworkSlot, VerdictRow};
use sync_core::template::model::Text;
use utoipa::ToSchema;

use crate::domain::review::Claim;
use crate::http::wire::Instant;

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct TextOut {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    pub zh_cn: String,
}

impl From<&Text> for TextOut {
    fn from(text: &Text) -> Self {
        Self { en: text.en.clone(), zh_cn: text.zh_cn.clone() }
    }
}

/// A reviewer's lease on a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewClaimOut {
    /// Who is reviewing.
    pub reviewer_id: UserId,
    /// Until when, unless renewed.
    pub until: Instant,
}

impl From<Claim> for ReviewClaimOut {
    fn from(claim: Claim) -> Self {
        Self { reviewer_id: claim.reviewer, until: claim.until.into() }
    }
}

/// A reviewer's decision; nothing changes or removes it.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictOut {
    /// Id, made by the client.
    pub id: VerdictId,
    /// The visit.
    pub visit_id: VisitId,
    /// The judged photo record; absent for a verdict on the visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo_id: Option<String>,
    /// The judged content of the photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Hash>,
    /// The judged document heads, for a verdict on the visit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<Hash>,
    /// The newest decision about what counts that the reviewer knew, for a verdict on the visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_decision: Option<DecisionId>,
    /// `approve` or `reject` for a photo, `approve` or `return` for a visit.
    #[schema(example = "reject")]
    pub decision: String,
    /// Reason code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "illegible")]
    pub reason: Option<String>,
    /// `must_show` codes the photo lacks.
    #[schema(example = json!(["port_information"]))]
    pub missing: Vec<String>,
    /// Text for the rep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who decided.
    pub by: UserId,
    /// When.
    pub at: Instant,
}

impl From<VerdictRow> for VerdictOut {
    fn from(row: VerdictRow) -> Self {
        Self {
            id: row.id,
            visit_id: row.visit_id,
            photo_id: row.photo_id,
            sha256: row.sha256,
            heads: row.heads,
            last_decision: row.last_decision,
            decision: row.decision,
            reason: row.reason,
            missing: row.missing,
            comment: row.comment,
            by: row.by,
            at: row.at_ms.into(),
        }
    }
}

/// A rework ticket: only its slots are open again.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReworkOut {
    /// Id.
    pub id: ReworkId,
    /// The verdict that opened it.
    pub verdict_id: VerdictId,
    /// Rejected slots, in template order.
    pub slots: Vec<ReworkSlot>,
    /// When it was opened.
    pub opened_at: Instant,
    /// When the crew resubmitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Instant>,
}

impl From<ReworkRow> for ReworkOut {
    fn from(row: ReworkRow) -> Self {
        Self {
            id: row.id,
            verdict_id: row.verdict_id,
            slots: row.slots,
            opened_at: row.opened_at_ms.into(),
            answered_at: row.answered_at_ms.map(Instant::from),
        }
    }
}
