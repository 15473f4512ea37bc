//! Links to the customer's page: request and response types.

pub mod create;
pub mod list;

use doorstep_store::customer_links::CustomerLinkRow;
use serde::Serialize;
use sync_core::ids::CustomerLinkId;
use utoipa::ToSchema;

use crate::http::wire::Instant;

/// A link to the customer's page; its token is told once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerLinkOut {
    /// Id.
    pub id: CustomerLinkId,
    /// The start that it asks about.
    pub planned_start: Instant,
    /// When it was made.
    pub created_at: Instant,
    /// When it ends.
    pub expires_at: Instant,
    /// When a newer one took its place, or the visit got another time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Instant>,
    /// `confirmed` or `proposed`; absent without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "proposed")]
    pub answer: Option<String>,
    /// When the customer answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Instant>,
    /// The start that the customer asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed_start: Option<Instant>,
    /// What the customer adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "上午不在家")]
    pub words: Option<String>,
}

impl From<CustomerLinkRow> for CustomerLinkOut {
    fn from(row: CustomerLinkRow) -> Self {
        Self {
            id: row.id.0,
            planned_start: row.planned_start_ms.into(),
            created_at: row.created_at_ms.into(),
            expires_at: row.expires_at_ms.into(),
            revoked_at: row.revoked_at_ms.map(Instant::from),
            answer: row.answer,
            answered_at: row.answered_at_ms.map(Instant::from),
            proposed_start: row.proposed_start_ms.map(Instant::from),
            words: row.words,
        }
    }
}
