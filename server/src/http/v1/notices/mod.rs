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
    /// `appointment`, `change`, `cancellation`, `return_visit`, `arrival`, `result`, `unfinished`, `ended` or `not_met`.
    #[schema(example = "appointment")]
    pub kind: String,
    /// `sms`.
    #[schema(example = "sms")]
    pub channel: String,
    /// Language of the text.
    #[schema(example = "zh-CN")]
    pub language: String,
    /// The text; absent where it lacks values, and for who sees no contact data. `{link}` stands for a link that goes to the
    /// customer alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `queued`, `sent`, `failed` or `suppressed`.
    #[schema(example = "queued")]
    pub state: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "number not in service")]
    pub reason: Option<String>,
    /// Why it was suppressed: `no_consent`, `no_phone`, `text_incomplete`, `too_late` or `replaced`; stays where it was sent,
    /// or failed, all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "no_consent")]
    pub withheld: Option<String>,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "客户未同意接收短信")]
    pub withheld_zh: Option<&'static str>,
    /// What the text lacks, such as `hotline`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["hotline"]))]
    pub missing: Vec<String>,
    /// When it may be sent: not in the quiet hours.
    pub not_before: Instant,
    /// From when on it tells nothing useful any more.
    pub useful_until: Instant,
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
            reason: row.reason,
            withheld_zh: row.withheld.as_deref().and_then(Withheld::from_code).map(Withheld::label_zh),
            withheld: row.withheld,
            missing: row.missing.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default(),
            not_before: row.not_before_ms.into(),
            useful_until: row.useful_until_ms.into(),
            created_at: row.created_at_ms.into(),
            settled_at: row.settled_at_ms.map(Instant::from),
            version: row.version,
        }
    }
}
