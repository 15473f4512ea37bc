//! The archive and legal holds: response types and handlers.

pub mod hold;
pub mod holds;
pub mod lift;
pub mod list;

use doorstep_store::archive::ArchiveItemRow;
use doorstep_store::archive::LegalHold;
use serde::{Deserialize, Serialize};
use sync_core::archive::{ArchiveKind, ArchiveState};
use sync_core::bytes::Hash;
use sync_core::ids::{ArchiveItemId, LegalHoldId, UserId, VisitId};
use sync_core::time::UnixMillis;
use utoipa::ToSchema;

use crate::http::wire::Instant;

/// Something that is archived, in its newest version.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArchiveItemOut {
    /// The version.
    pub id: ArchiveItemId,
    /// What it is: `visit`, `signed_form` or `recording`.
    #[schema(example = "visit")]
    pub kind: String,
    /// The same in Chinese.
    #[schema(example = "上门记录")]
    pub kind_zh: String,
    /// Its own name: visit, digest of a form, call, or SHA-256 of a recording.
    #[schema(example = "01955f2c-3000-7000-8000-000000000001")]
    pub subject: String,
    /// Which version of it, from 1; each change afterwards makes another.
    #[schema(example = 1)]
    pub version: i64,
    /// The visit that it is of.
    pub visit_id: VisitId,
    /// By which digest it is known: of the heads of the document, of the form, of the bytes; absent for a recording that
    /// the call bridge keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Hash>,
    /// When what it tells of was over.
    pub ended_at: Instant,
    /// When it was archived.
    pub stored_at: Instant,
    /// Until when it is kept at least.
    pub keep_until: Instant,
    /// The version of the policy that says so.
    #[schema(example = 1)]
    pub policy_version: i64,
    /// `archived`, `held` by a legal hold, or `expired`: to be erased.
    #[schema(example = "archived")]
    pub state: String,
    /// The same in Chinese.
    #[schema(example = "已归档")]
    pub state_zh: String,
}

impl ArchiveItemOut {
    /// An item as it stands at an instant.
    #[must_use]
    pub fn at((row, is_held): (ArchiveItemRow, bool), now: UnixMillis) -> Self {
        let state = match is_held {
            true => ArchiveState::Held,
            false if row.keep_until_ms <= now.0 => ArchiveState::Expired,
            false => ArchiveState::Archived,
        };
        let ArchiveItemRow { stored_at_ms, .. } = row;
        let kind_zh = ArchiveKind::from_code(&row.kind).map_or("", ArchiveKind::label_zh);
        Self {
            id: row.id.0,
            kind_zh: kind_zh.to_owned(),
            kind: row.kind,
            subject: row.subject,
            version: row.version,
            visit_id: row.visit_id.0,
            sha256: row.sha256.map(|sha256| sha256.0),
            ended_at: row.ended_at_ms.into(),
            stored_at: stored_at_ms.into(),
            keep_until: row.keep_until_ms.into(),
            policy_version: row.policy_version,
            state: state.code().to_owned(),
            state_zh: state.label_zh().to_owned(),
        }
    }
}

/// A reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldReasonIn {
    /// Why, 1 to 500 characters; it should name a case, not a person.
    #[schema(example = "投诉 C-2025-0007 调查期间")]
    pub reason: String,
}

/// A legal hold: what is archived of the visit is kept while one is in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct LegalHoldOut {
    /// The hold.
    pub id: LegalHoldId,
    /// The visit.
    pub visit_id: VisitId,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub placed_by: UserId,
    /// When.
    pub placed_at: Instant,
    /// Who lifted it; absent while it is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted_by: Option<UserId>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted_at: Option<Instant>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted_because: Option<String>,
}

impl From<LegalHold> for LegalHoldOut {
    fn from((row, end): LegalHold) -> Self {
        Self {
            id: row.id.0,
            visit_id: row.visit_id.0,
            reason: row.reason,
            placed_by: row.placed_by.0,
            placed_at: row.placed_at_ms.into(),
            lifted_by: end.as_ref().map(|end| end.lifted_by.0),
            lifted_at: end.as_ref().map(|end| end.lifted_at_ms.into()),
            lifted_because: end.map(|end| end.reason),
        }
    }
}
