//! Messages to customers: request and response types.

pub mod due;
pub mod list;
pub mod settle;

use doorstep_store::notices::NoticeRow;
use serde::Serialize;
use sync_core::ids::{CustomerId, NoticeId, VisitId};
use sync_core::texts::Withheld;
use utoipa::ToSchema;

use crate::http::wire::Instant;

/// A message to a customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerNoticeOut {
    /// Id.
    pub id: NoticeId,
    /// The visit that it is about.
    pub visit_id: VisitId,
    /// Whom it is for.
    pub customer_id: CustomerId,
    /// `appointment`, `change` or `cancellation`.
    #[schema(example = "appointment")]
    pub kind: String,
    /// `sms`.
    #[schema(example = "sms")]
    pub channel: String,
    /// Language of the text.
    #[schema(example = "zh-CN")]
    pub language: String,
    /// The text; absent where it lacks values, and for who sees no contact data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `queued`, `sent`, `failed` or `suppressed`.
    #[schema(example = "queued")]
    pub state: String,
    /// Why it was suppressed (`no_consent`, `no_phone`, `text_incomplete`, `too_late`, `replaced`), or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "no_consent")]
    pub reason: Option<String>,
    /// Why it was suppressed, in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "客户未同意接收短信")]
    pub reason_zh: Option<&'static str>,
    /// When it may be sent: not in the quiet hours.
    pub not_before: Instant,
    /// When it was written.
    pub created_at: Instant,
    /// When it was sent, failed or was suppressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Instant>,
    /// Version.
    pub version: i64,
}

impl From<NoticeRow> for CustomerNoticeOut {
    fn from(row: NoticeRow) -> Self {
        Self {
            id: row.id.0,
            visit_id: row.visit_id.0,
            customer_id: row.customer_id.0,
            kind: row.kind,
            channel: row.channel,
            language: row.language,
            text: row.text,
            state: row.state,
            reason_zh: row.reason.as_deref().and_then(Withheld::from_code).map(Withheld::label_zh),
            reason: row.reason,
            not_before: row.not_before_ms.into(),
            created_at: row.created_at_ms.into(),
            settled_at: row.settled_at_ms.map(Instant::from),
            version: row.version,
        }
    }
}
