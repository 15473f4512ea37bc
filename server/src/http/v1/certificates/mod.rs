//! Certificates of people: response type and handlers.

pub mod create;
pub mod list;
pub mod withdraw;

use serde::Serialize;
use sync_core::dispatch::CertificateKind;
use sync_core::ids::{CertificateId, UserId};
use utoipa::ToSchema;

use crate::app::dispatch::CertificateListing;
use crate::http::wire::Instant;

/// A certificate of somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateOut {
    /// The certificate.
    pub id: CertificateId,
    /// Who holds it.
    pub user_id: UserId,
    /// `post_certification` or `work_at_height`.
    #[schema(example = "post_certification")]
    pub kind: String,
    /// Its Chinese label.
    #[schema(example = "上岗认证")]
    pub kind_zh: String,
    /// The number on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ZW-2024-0117")]
    pub number: Option<String>,
    /// The first day on which it counts, of the organisation's zone.
    #[schema(example = "2024-07-01")]
    pub valid_from: String,
    /// The last day on which it counts.
    #[schema(example = "2026-06-30")]
    pub valid_to: String,
    /// How it stands today: `not_yet`, `valid`, `ending` (within `certificate_notice_days`), `ended` or `withdrawn`.
    #[schema(example = "valid")]
    pub standing: String,
    /// The same in Chinese.
    #[schema(example = "有效")]
    pub standing_zh: String,
    /// When it was noted.
    pub noted_at: Instant,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Instant>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdraw_reason: Option<String>,
}

impl From<CertificateListing> for CertificateOut {
    fn from(listing: CertificateListing) -> Self {
        let row = listing.row;
        Self {
            id: row.id.0,
            user_id: row.user_id.0,
            kind_zh: CertificateKind::from_code(&row.kind)
                .map(CertificateKind::label_zh)
                .unwrap_or_default()
                .to_owned(),
            kind: row.kind,
            number: row.number,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            standing: listing.standing.code().to_owned(),
            standing_zh: listing.standing.label_zh().to_owned(),
            noted_at: row.noted_at_ms.into(),
            withdrawn_at: row.withdrawn_at_ms.map(Instant::from),
            withdraw_reason: row.withdraw_reason,
        }
    }
}
