//! The body: what the customer agreed to, as plain JSON (design section 13).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::VERSION;
use crate::bytes::Hash;
use crate::ids::{DeviceId, OrgId, UserId, VisitId};
use crate::plain_json::{self, PlainJsonError};
use crate::time::Stamp;

/// Codes of values that come from the office's data; template codes never hold a point.
pub mod code {
    /// Name of the organisation.
    pub const ORG_NAME: &str = "org.name";
    /// Zone in which instants are shown, an IANA name.
    pub const ORG_TIME_ZONE: &str = "org.time_zone";
    /// Number of the work order.
    pub const ORDER_NUMBER: &str = "order.number";
    /// Number of the order in the ordering system.
    pub const ORDER_REF: &str = "order.external_ref";
    /// Type of the work order.
    pub const ORDER_TYPE: &str = "order.type";
    /// Name of the customer, committed.
    pub const CUSTOMER_NAME: &str = "customer.name";
    /// A phone number of the customer, committed.
    pub const CUSTOMER_PHONE: &str = "customer.phone";
    /// Address of the customer, committed.
    pub const CUSTOMER_ADDRESS: &str = "customer.address";
    /// Address of the site, committed.
    pub const SITE_ADDRESS: &str = "site.address";
    /// Name of the rep, committed.
    pub const REP_NAME: &str = "rep.name";
}

/// Names a version of a template, or of the text template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRef {
    /// Code.
    pub code: String,
    /// Version.
    pub version: i64,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
}

/// One value: as it is, or committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueItem {
    /// A code of [`code`], or of a measurement or question of the template.
    pub code: String,
    /// The value; absent if committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The commitment; absent if the value stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Hash>,
    /// Unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A photo the customer's signature covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PhotoItem {
    /// The photo record.
    pub id: String,
    /// Template slot.
    pub slot: String,
    /// Name of the blob.
    pub sha256: Hash,
}

/// A rule's verdict as shown to the rep at signing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictItem {
    /// Rule id.
    pub rule: String,
    /// Verdict code.
    pub verdict: String,
}

/// A lone commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// Name of the opening blob.
    pub commit: Hash,
}

/// The last server receipt or head the device held: a lower bound of the time of signing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beacon {
    /// SHA-256 of the receipt's text.
    pub receipt_sha256: Hash,
    /// When the server made it.
    pub server_ms: i64,
}

/// The body of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Version: 1.
    pub v: u32,
    /// Document kind: the `document` of the template's signature slots.
    pub kind: String,
    /// The organisation.
    pub org: OrgId,
    /// The visit.
    pub visit: VisitId,
    /// Its short code.
    pub short_code: String,
    /// Its number, if it was known at signing.
    pub number: Option<String>,
    /// The template.
    pub template: TemplateRef,
    /// Version of the policy.
    pub policy_version: i64,
    /// Language of the shown text.
    pub language: String,
    /// The text template.
    pub text_template: TemplateRef,
    /// Parties and order, then agreed measurements and questions in template order.
    pub values: Vec<ValueItem>,
    /// Photos of stage `work`, by id.
    pub photos: Vec<PhotoItem>,
    /// Heads of the document at composition, sorted.
    pub heads: Vec<Hash>,
    /// Verdicts of the rules.
    pub verdicts: Vec<VerdictItem>,
    /// Version of the consent sentence.
    pub consent_version: i64,
    /// The device.
    pub device: DeviceId,
    /// The rep.
    pub rep: UserId,
    /// When it was composed.
    pub at: Stamp,
    /// Where, committed.
    pub position: Option<Commitment>,
    /// The last server time the device knew.
    pub beacon: Option<Beacon>,
    /// Digest of the device's previous statement.
    pub previous: Option<Hash>,
    /// Digest of the statement this one amends.
    pub amends: Option<Hash>,
    /// Commitment to the full text as displayed.
    pub shown_sha256: Hash,
}

impl Body {
    /// Writes the bytes of the body.
    ///
    /// # Errors
    /// [`PlainJsonError`] if a value is not plain JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PlainJsonError> {
        plain_json::to_vec(self)
    }

    /// Every commitment of the body: values, position, shown text.
    pub fn commitments(&self) -> impl Iterator<Item = Hash> {
        let values = self.values.iter().filter_map(|item| item.commit);
        values.chain(self.position.iter().map(|position| position.commit)).chain([self.shown_sha256])
    }

    /// The first value of a code.
    #[must_use]
    pub fn value(&self, code: &str) -> Option<&ValueItem> {
        self.values.iter().find(|item| item.code == code)
    }

    /// Names the first field that contradicts another or the form of version 1.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let checks = [
            ("v", self.v == VERSION),
            ("short_code", self.short_code == self.visit.short_code()),
            ("values", self.values.iter().all(|item| item.value.is_some() != item.commit.is_some())),
            ("photos", self.photos.is_sorted_by(|left, right| left.id < right.id)),
            ("heads", !self.heads.is_empty() && self.heads.is_sorted_by(|left, right| left < right)),
        ];
        checks.into_iter().find(|(_, holds)| !holds).map(|(field, _)| field)
    }
}
