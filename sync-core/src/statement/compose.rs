//! Composes a statement: the body bytes, the text to show, and the openings of every commitment.

use serde_json::Value;

use super::VERSION;
use super::body::{Beacon, Body, Commitment, PhotoItem, TemplateRef, ValueItem, VerdictItem, code};
use super::commit::{Opening, SALT_BYTES, commit};
use super::shown::{self, Opened, ShownError};
use super::text::{CONSENT_VERSION, Language, text_template};
use crate::bytes::Hash;
use crate::ids::{DeviceId, OrgId, UserId};
use crate::merge::View;
use crate::plain_json::{self, PlainJsonError};
use crate::plan::{CustomerRow, SiteRow, WorkOrderRow};
use crate::template::Template;
use crate::template::model::{QuestionType, Stage};
use crate::time::{Geo, Stamp};

/// Everything a statement is made of.
#[derive(Debug, Clone)]
pub struct ComposeInput<'a> {
    /// Document kind: the `document` of the signature slots to be signed.
    pub kind: &'a str,
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub org_name: &'a str,
    /// Its zone, an IANA name.
    pub time_zone: &'a str,
    /// The pinned template.
    pub template: &'a Template,
    /// SHA-256 of the template's plain JSON as served.
    pub template_sha256: Hash,
    /// The pinned policy.
    pub policy_version: i64,
    /// The merged document.
    pub view: &'a View,
    /// Number of the visit, if known.
    pub number: Option<&'a str>,
    /// Its work order.
    pub work_order: Option<&'a WorkOrderRow>,
    /// The customer.
    pub customer: Option<&'a CustomerRow>,
    /// The site.
    pub site: Option<&'a SiteRow>,
    /// Language of the shown text.
    pub language: Language,
    /// The device.
    pub device: DeviceId,
    /// The rep.
    pub rep: UserId,
    /// The rep's name.
    pub rep_name: &'a str,
    /// Now.
    pub at: Stamp,
    /// Here.
    pub position: Option<&'a Geo>,
    /// Last server receipt the device holds.
    pub beacon: Option<Beacon>,
    /// Digest of the device's previous statement.
    pub previous: Option<Hash>,
    /// Digest of the statement to amend.
    pub amends: Option<Hash>,
    /// Rule ids and verdicts as shown to the rep.
    pub verdicts: Vec<(String, String)>,
}

/// A composed statement, ready to be shown and signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The body, as it will be stored and sent.
    pub body_bytes: Vec<u8>,
    /// SHA-256 of the body.
    pub body_sha256: Hash,
    /// What the customer must see before signing.
    pub shown_text: String,
    /// Blobs to store and upload, one per commitment; the shown text is the last.
    pub openings: Vec<Opening>,
}

/// Reports input that cannot become a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// No signature slot of the template signs this document.
    #[error("the template has no signature for document {kind}")]
    Document {
        /// The document kind.
        kind: String,
    },
    /// A value is no answer value of design section 13.
    #[error("the value of {code} is not plain JSON: {source}")]
    Value {
        /// Code of the value.
        code: String,
        /// What is wrong.
        source: PlainJsonError,
    },
    /// A reading is no decimal string.
    #[error("the reading of {code} is not a decimal string")]
    Decimal {
        /// Code of the measurement.
        code: String,
    },
    /// The text cannot be written.
    #[error(transparent)]
    Shown(#[from] ShownError),
    /// The body cannot be written.
    #[error(transparent)]
    Body(#[from] PlainJsonError),
}

/// Collects values and the openings of committed ones.
struct Collector<'r> {
    random: &'r mut dyn FnMut() -> [u8; SALT_BYTES],
    values: Vec<ValueItem>,
    openings: Vec<Opening>,
    opened: Opened,
}

impl Collector<'_> {
    fn commit(&mut self, text: &str) -> Hash {
        let opening = commit(text, &(self.random)());
        let name = opening.commit();
        self.opened.insert(name, text.to_owned());
        self.openings.push(opening);
        name
    }

    fn plain(&mut self, code: &str, value: impl Into<Value>, unit: Option<&str>) {
        let (value, unit) = (Some(value.into()), unit.map(str::to_owned));
        self.values.push(ValueItem { code: code.to_owned(), value, commit: None, unit });
    }

    fn personal(&mut self, code: &str, text: &str) {
        let commit = Some(self.commit(text));
        self.values.push(ValueItem { code: code.to_owned(), value: None, commit, unit: None });
    }
}

/// Composes a statement from what the document and the office's rows say now.
///
/// `random` must give 32 fresh random bytes at each call; they keep erased values from being guessed.
///
/// # Errors
/// [`ComposeError`].
pub fn compose(input: &ComposeInput<'_>, random: &mut dyn FnMut() -> [u8; SALT_BYTES]) -> Result<Draft, ComposeError> {
    if input.template.signatures.iter().all(|slot| slot.document != input.kind) {
        return Err(ComposeError::Document { kind: input.kind.to_owned() });
    }
    let mut collector = Collector { random, values: Vec::new(), openings: Vec::new(), opened: Opened::new() };
    add_parties(&mut collector, input);
    add_measures(&mut collector, input)?;
    add_answers(&mut collector, input)?;
    let position = match input.position {
        Some(geo) => Some(Commitment { commit: collector.commit(&plain_json::to_string(geo)?) }),
        None => None,
    };
    let mut body = body_of(input, std::mem::take(&mut collector.values), position);
    let shown_text = shown::render(&body, input.template, &collector.opened)?;
    body.shown_sha256 = collector.commit(&shown_text);
    let body_bytes = body.to_bytes()?;
    let body_sha256 = Hash::of(&body_bytes);
    Ok(Draft { body_bytes, body_sha256, shown_text, openings: collector.openings })
}

fn add_parties(collector: &mut Collector<'_>, input: &ComposeInput<'_>) {
    collector.plain(code::ORG_NAME, input.org_name, None);
    collector.plain(code::ORG_TIME_ZONE, input.time_zone, None);
    if let Some(order) = input.work_order {
        for (code, value) in [(code::ORDER_NUMBER, &order.number), (code::ORDER_REF, &order.external_ref)] {
            if let Some(value) = value {
                collector.plain(code, value.as_str(), None);
            }
        }
        collector.plain(code::ORDER_TYPE, order.kind.as_str(), None);
    }
    if let Some(customer) = input.customer {
        collector.personal(code::CUSTOMER_NAME, &customer.name);
        for phone in &customer.phones {
            collector.personal(code::CUSTOMER_PHONE, phone);
        }
        collector.personal(code::CUSTOMER_ADDRESS, &customer.address);
    }
    if let Some(site) = input.site {
        collector.personal(code::SITE_ADDRESS, &site.address);
    }
    collector.personal(code::REP_NAME, input.rep_name);
}

fn add_measures(collector: &mut Collector<'_>, input: &ComposeInput<'_>) -> Result<(), ComposeError> {
    for measurement in input.template.measurements.iter().filter(|measurement| measurement.agreed) {
        if let Some(reading) = input.view.measure(&measurement.code) {
            let value = reading.value.value.as_str();
            if !is_decimal(value) {
                return Err(ComposeError::Decimal { code: measurement.code.clone() });
            }
            collector.plain(&measurement.code, value, Some(&reading.value.unit));
        }
    }
    Ok(())
}

/// Whether text is `-?(0|[1-9][0-9]*)(\.[0-9]+)?` (design section 13).
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(whole, rest)| (whole, Some(rest)));
    digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(digits)
}

fn add_answers(collector: &mut Collector<'_>, input: &ComposeInput<'_>) -> Result<(), ComposeError> {
    for question in input.template.questions.iter().filter(|question| question.agreed) {
        let value = match input.view.answer(&question.code) {
            None | Some(Value::Null) => continue,
            Some(value) => value,
        };
        let text = plain_json::to_string(value)
            .map_err(|source| ComposeError::Value { code: question.code.clone(), source })?;
        if question.kind == QuestionType::Text {
            collector.personal(&question.code, value.as_str().unwrap_or(&text));
        } else {
            collector.plain(&question.code, value.clone(), question.unit.as_deref());
        }
    }
    Ok(())
}

fn body_of(input: &ComposeInput<'_>, values: Vec<ValueItem>, position: Option<Commitment>) -> Body {
    let (template, view) = (input.template, input.view);
    let mut heads = view.heads.clone();
    heads.sort();
    heads.dedup();
    let verdicts = input.verdicts.iter().cloned().map(|(rule, verdict)| VerdictItem { rule, verdict }).collect();
    Body {
        v: VERSION,
        kind: input.kind.to_owned(),
        org: input.org,
        visit: view.visit,
        short_code: view.visit.short_code(),
        number: input.number.map(str::to_owned),
        template: TemplateRef { code: template.code.clone(), version: template.version, sha256: input.template_sha256 },
        policy_version: input.policy_version,
        language: input.language.tag().to_owned(),
        text_template: text_template(),
        values,
        photos: work_photos(view, template),
        heads,
        verdicts,
        consent_version: CONSENT_VERSION,
        device: input.device,
        rep: input.rep,
        at: input.at.clone(),
        position,
        beacon: input.beacon.clone(),
        previous: input.previous,
        amends: input.amends,
        // Replaced by the commitment to the text that is rendered from the rest.
        shown_sha256: Hash([0; 32]),
    }
}

/// The current photos of stage `work` by id; slots the template does not know count as work.
pub(super) fn work_photos(view: &View, template: &Template) -> Vec<PhotoItem> {
    let after_signing =
        |code: &str| template.photos.iter().any(|slot| slot.code == code && slot.stage == Stage::AfterSigning);
    let mut photos: Vec<_> = view
        .current_photos()
        .filter(|entry| !after_signing(&entry.value.slot))
        .map(|entry| PhotoItem { id: entry.key.clone(), slot: entry.value.slot.clone(), sha256: entry.value.sha256 })
        .collect();
    photos.sort();
    photos
}
