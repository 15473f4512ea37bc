//! The records of a visit document, one type per map (design section 2.1).
//!
//! Reading is lenient: unknown fields are ignored here and stay in the stored JSON.

use serde::{Deserialize, Serialize};

use crate::bytes::Hash;
use crate::ids::UserId;
use crate::time::{Geo, Stamp};

/// Names the template and policy the visit follows; the causally first one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Template code.
    pub template: String,
    /// Template version.
    pub template_version: i64,
    /// Policy version.
    pub policy_version: i64,
    /// When it was written.
    pub at: Stamp,
    /// Who wrote it.
    pub by: UserId,
}

/// An event of the visit (rulebook 1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEvent {
    /// Event name; unknown names are kept and reported as findings.
    pub event: String,
    /// When it happened.
    pub at: Stamp,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
    /// Who did it.
    pub by: UserId,
    /// Why, where the event asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl TimelineEvent {
    /// Whether the crew hands the visit in with it for the first time.
    #[must_use]
    pub fn hands_in(&self) -> bool {
        matches!(self.event.as_str(), "submit" | "give_up" | "end_without_work")
    }
}

/// A contact attempt (rulebook APT).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// `app_call`, `phone`, `sms`, `wechat`, `email` or `letter`.
    pub channel: String,
    /// When it began.
    pub started_at: Stamp,
    /// How long it lasted, in seconds.
    pub duration_s: i64,
    /// `reached`, `no_answer`, `refused` or `wrong_number`.
    pub result: String,
    /// The call bridge's reference of the recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_ref: Option<String>,
    /// Why it has no recording, in the rep's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who called.
    pub by: UserId,
}

/// A checked or unchecked item of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Whether the item is done.
    pub done: bool,
    /// When.
    pub at: Stamp,
    /// Who.
    pub by: UserId,
}

/// A reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Measurement code of the template.
    pub code: String,
    /// Decimal string, digits as typed.
    pub value: String,
    /// Unit as in the template.
    pub unit: String,
    /// Serial number of the instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
    /// `typed`, `scan` or `instrument`.
    pub source: String,
    /// When.
    pub at: Stamp,
    /// Who.
    pub by: UserId,
}

/// An answer to a question of the template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Boolean, option code, sorted codes, integer, decimal string, text or milliseconds.
    pub value: serde_json::Value,
    /// When.
    pub at: Stamp,
    /// Who.
    pub by: UserId,
}

/// A photo, document, recording or video declared by the visit.
// Rule: GEN-12
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// `photo` where absent, else `document`, `audio` or `video`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Template slot.
    pub slot: String,
    /// Name of the blob.
    pub sha256: Hash,
    /// Size of the blob.
    pub bytes: i64,
    /// Media type by content.
    pub media_type: String,
    /// Width in pixels, absent where there is no picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<i64>,
    /// Height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<i64>,
    /// When it was taken.
    pub taken_at: Stamp,
    /// Where it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
    /// `camera` or `gallery`.
    pub source: String,
    /// The photo record this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Who took it.
    pub by: UserId,
}

impl Photo {
    /// Whether it says that it is a photo; a document, a recording or a video is none, whatever its bytes are.
    #[must_use]
    pub fn is_photo(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "photo")
    }
}

/// A caption, or the reason a photo was withdrawn (`lost`, `wrong`…).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Caption text; absent in `withdrawn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Reason; absent in `captions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at: Stamp,
    /// Who.
    pub by: UserId,
}

/// Material or equipment used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    /// Stock code.
    pub sku: String,
    /// Quantity as a decimal string.
    pub quantity: String,
    /// Unit.
    pub unit: String,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// `scan` or `typed`.
    pub source: String,
    /// When.
    pub at: Stamp,
    /// Who.
    pub by: UserId,
}

/// A sealed statement of the visit; its key is the statement digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRef {
    /// Document kind of the statement.
    pub kind: String,
    /// When it was sealed.
    pub at: Stamp,
    /// Who sealed it; absent in records of foreign writers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// How the visit ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// `completed`, `no_show`, `deferred_safety`, `resource_missing`, `customer_cancelled` or `not_accepted`.
    pub code: String,
    /// Why; required for every outcome but `completed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at: Stamp,
    /// Who.
    pub by: UserId,
}
