//! The template format of rulebook 1.4 as types; a published version never changes.
//!
//! A template is served verbatim as plain JSON; its SHA-256 stands in every statement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::doc::schema::MergePolicy;
use crate::time::UnixMillis;

/// Text in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    pub zh_cn: String,
}

/// One version of a visit template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Stable code.
    pub code: String,
    /// Version, from 1.
    pub version: i64,
    /// From when visits follow it, an RFC 3339 instant; from its publication on where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<String>,
    /// Name.
    pub title: Text,
    /// Steps in the prescribed order.
    pub steps: Vec<Step>,
    /// Photo slots.
    pub photos: Vec<PhotoSlot>,
    /// Readings.
    pub measurements: Vec<Measurement>,
    /// Questions.
    pub questions: Vec<Question>,
    /// Signature slots.
    pub signatures: Vec<SignatureSlot>,
    /// Rules judged by built-in checks.
    pub rules: Vec<Rule>,
}

impl Template {
    /// From when visits follow it, if it says so in a way that can be read.
    #[must_use]
    pub fn effective_from(&self) -> Option<UnixMillis> {
        self.effective_from.as_deref().and_then(|text| UnixMillis::from_rfc3339(text).ok())
    }
}

/// When a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the visit.
    Before,
    /// At the door.
    Arrival,
    /// Inside.
    Onsite,
    /// At the end: satisfaction, rating, signatures.
    After,
}

/// A step of the visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Code, unique in the template.
    pub code: String,
    /// When it is done.
    pub phase: Phase,
    /// Name.
    pub title: Text,
    /// Whether the visit needs it.
    pub required: bool,
    /// Ticks; a step without items has the one implicit item `done`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// Elements collected in this step.
    #[serde(default, skip_serializing_if = "Collects::is_empty")]
    pub collects: Collects,
    /// Rulebook ids this step carries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

/// Codes of the elements a step collects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collects {
    /// Photo slots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<String>,
    /// Measurements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<String>,
    /// Questions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<String>,
    /// Signature slots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<String>,
}

impl Collects {
    /// Whether the step collects nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.photos.is_empty()
            && self.measurements.is_empty()
            && self.questions.is_empty()
            && self.signatures.is_empty()
    }
}

/// A tick of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Code, unique in its step.
    pub code: String,
    /// Name.
    pub title: Text,
    /// Whether the step needs it.
    pub required: bool,
}

/// When an element that is not always required becomes required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredWhen {
    /// Order field to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Question to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Visit field to read (`outcome`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<String>,
    /// How to compare.
    pub op: ConditionOp,
    /// What to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
}

/// Comparison of [`RequiredWhen`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionOp {
    /// The operand equals the value.
    Eq,
    /// The chosen codes hold the value.
    Contains,
    /// The operand has any value.
    NotEmpty,
}

/// When a photo is taken relative to signing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before signing; the statement names it.
    #[default]
    Work,
    /// A picture of the signed paper.
    AfterSigning,
}

/// Where a photo may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotoSource {
    /// Taken in the app.
    Camera,
    /// Taken in the app or chosen from the gallery.
    CameraOrGallery,
}

/// A photo slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotoSlot {
    /// Code.
    pub code: String,
    /// Name.
    pub title: Text,
    /// Whether it is always required.
    pub required: bool,
    /// When it becomes required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_when: Option<RequiredWhen>,
    /// Photos needed when required.
    pub min: usize,
    /// Photos expected at most; more are stored with a finding.
    pub max: usize,
    /// Where photos may come from.
    pub source: PhotoSource,
    /// Relative to signing.
    #[serde(default, skip_serializing_if = "is_work")]
    pub stage: Stage,
    /// What a reviewer ticks.
    pub must_show: Vec<MustShow>,
    /// Rulebook ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_work(stage: &Stage) -> bool {
    *stage == Stage::Work
}

/// One thing a photo must show; one review tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MustShow {
    /// Code, unique in the slot.
    pub code: String,
    /// Name.
    pub title: Text,
}

/// Number type of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberType {
    /// A whole number.
    Integer,
    /// An exact decimal.
    Decimal,
}

/// What a failed threshold does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// The visit cannot be completed.
    Block,
    /// The rep is warned.
    Warn,
}

/// A reading the template asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Code.
    pub code: String,
    /// Name.
    pub title: Text,
    /// Whether the customer signs for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
    /// Number type.
    #[serde(rename = "type")]
    pub number: NumberType,
    /// Unit.
    pub unit: String,
    /// Digits after the point.
    pub scale: u32,
    /// Whether it is always required.
    pub required: bool,
    /// When it becomes required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_when: Option<RequiredWhen>,
    /// What it must meet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// What a failure does.
    pub on_fail: OnFail,
    /// Which of concurrent readings counts; `newest` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergePolicy>,
    /// Rulebook ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

/// Comparison of a [`Threshold`].
// Rule: GEN-08
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdOp {
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// From `min` to `max`, both included.
    Between,
}

/// What a reading must meet. The right side is `value`, `param`, or `base` optionally × `param`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// How to compare.
    pub op: ThresholdOp,
    /// An exact decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// A measurement of the template, else an order field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// A key of the policy whose value is a number ([`crate::policy`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// Lower bound of `between`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Upper bound of `between`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
}

/// Type of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionType {
    /// Yes or no.
    Boolean,
    /// One option.
    SingleChoice,
    /// Any options.
    MultiChoice,
    /// Free text.
    Text,
    /// A whole number.
    Integer,
    /// An exact decimal.
    Decimal,
    /// A whole number from `min` to `max`, given by the customer.
    Rating,
    /// An instant.
    Datetime,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Code.
    pub code: String,
    /// Wording.
    pub title: Text,
    /// Whether the customer signs for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
    /// Type of the answer.
    #[serde(rename = "type")]
    pub kind: QuestionType,
    /// Whether it is always required.
    pub required: bool,
    /// When it becomes required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_when: Option<RequiredWhen>,
    /// Choices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Least rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// Highest rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// Which of concurrent answers counts; where absent `ask` for a rating, else `newest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergePolicy>,
    /// Unit of a decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Digits after the point of a decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// Rulebook ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

/// An option of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Code.
    pub code: String,
    /// Name.
    pub title: Text,
}

/// A signature slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureSlot {
    /// Code.
    pub code: String,
    /// Name.
    pub title: Text,
    /// `customer`, `field_rep`, `works_supervisor` or `level_owner`.
    pub role: String,
    /// Whether it is always required.
    pub required: bool,
    /// When it becomes required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_when: Option<RequiredWhen>,
    /// Document the signer signs.
    pub document: String,
    /// Who gets a copy.
    pub copies: Vec<String>,
    /// Rulebook ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

/// What a failed rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The guarded outcome is refused.
    Block,
    /// The rep is warned, the office sees it.
    Warn,
    /// Shown only.
    Info,
}

/// A rule judged by a built-in check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Rulebook id.
    pub id: String,
    /// Name.
    pub title: Text,
    /// What a failure does.
    pub severity: Severity,
    /// Name of the built-in check (rulebook 1.5).
    pub check: String,
    /// Its parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, serde_json::Value>,
}
