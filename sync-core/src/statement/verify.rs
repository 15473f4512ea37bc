//! Verifies a statement layer by layer: seal, body, openings, inks, shown text.
//!
//! Blobs are optional layers: an erased one is counted, a wrong one is an error (design section 5).

use std::collections::BTreeMap;

use super::body::Body;
use super::commit::{self, OpeningError};
use super::ink::{Ink, InkError, challenge};
use super::seal::{InkEntry, SealPayload};
use super::shown::{self, Opened, ShownError};
use super::{MAX_FORM_BYTES, text};
use crate::bytes::Hash;
use crate::ids::{DeviceId, OrgId};
use crate::jws::{self, JwsError, P256PublicKey, typ};
use crate::plain_json::{self, PlainJsonError};
use crate::template::Template;

/// Blobs by name, as far as they are at hand.
pub type Blobs = BTreeMap<Hash, Vec<u8>>;

/// Reports which layer of a statement does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// Body or seal payload above 512 KiB.
    #[error("body or seal is larger than {MAX_FORM_BYTES} bytes")]
    TooLarge,
    /// The seal is not a valid signature of the device.
    #[error("the seal is not accepted: {0}")]
    Seal(#[from] JwsError),
    /// The signed payload is not a seal payload of version 1.
    #[error("the seal payload is malformed: {what}")]
    SealPayload {
        /// What is wrong.
        what: String,
    },
    /// The seal is of another body.
    #[error("the seal covers another body")]
    BodyMismatch,
    /// The sealed body is not a body of version 1, or contradicts itself.
    #[error("the body is malformed: {what}")]
    Body {
        /// What is wrong.
        what: String,
    },
    /// The statement was made in another organisation or on another device.
    #[error("the statement belongs to another organisation or device")]
    Owner,
    /// The seal lacks a required signer, or names a slot or role the template does not have.
    #[error("the signers do not fit the template at {slot}")]
    Signers {
        /// Signature slot.
        slot: String,
    },
    /// A blob does not open its commitment.
    #[error("an opening does not hold: {0}")]
    Opening(#[from] OpeningError),
    /// An ink blob is not the one the seal names.
    #[error("the ink of {slot} is another one")]
    InkMismatch {
        /// Signature slot.
        slot: String,
    },
    /// An ink blob is malformed.
    #[error("the ink of {slot} does not hold: {source}")]
    Ink {
        /// Signature slot.
        slot: String,
        /// What is wrong.
        source: InkError,
    },
    /// An ink answers the challenge of another body.
    #[error("the ink of {slot} was made for another body")]
    InkChallenge {
        /// Signature slot.
        slot: String,
    },
    /// The template is not the one the body names.
    #[error("the template is not the one the body names")]
    Template,
    /// The text template is not known here.
    #[error("the text template of the body is not known")]
    TextTemplate,
    /// The text cannot be written again.
    #[error(transparent)]
    Shown(#[from] ShownError),
    /// The text that was shown is not the text of the body.
    #[error("the text shown is not the text of the body")]
    ShownText,
}

impl StatementError {
    /// The stable code of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "form_limit",
            Self::Seal(error) => error.code(),
            Self::SealPayload { .. } => "statement_seal_malformed",
            Self::BodyMismatch => "statement_body_mismatch",
            Self::Body { .. } => "statement_body_malformed",
            Self::Owner => "statement_not_yours",
            Self::Signers { .. } => "statement_signers",
            Self::Opening(_) => "statement_opening_mismatch",
            Self::InkMismatch { .. } => "statement_ink_mismatch",
            Self::Ink { .. } => "statement_ink_malformed",
            Self::InkChallenge { .. } => "statement_ink_of_other_body",
            Self::Template => "statement_template_mismatch",
            Self::TextTemplate => "statement_text_template_unknown",
            Self::Shown(_) => "statement_text_unavailable",
            Self::ShownText => "statement_text_mismatch",
        }
    }
}

/// What a layer of blobs says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LayerReport {
    /// Blobs at hand and right.
    pub intact: usize,
    /// Blobs erased, or not here yet.
    pub absent: usize,
}

/// A statement whose seal and body hold; only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedStatement {
    digest: Hash,
    body: Body,
    body_bytes: Vec<u8>,
    seal: SealPayload,
}

/// Verifies size, signature, structure and that the seal is of this body.
///
/// # Errors
/// [`StatementError`]: the signature is checked before anything signed is read.
pub fn verify(body_bytes: &[u8], jws: &str, device_key: &P256PublicKey) -> Result<VerifiedStatement, StatementError> {
    if body_bytes.len() > MAX_FORM_BYTES || jws.len() > MAX_FORM_BYTES * 4 / 3 {
        return Err(StatementError::TooLarge);
    }
    let payload = jws::verify_es256(jws, device_key, typ::STATEMENT)?;
    let seal: SealPayload = plain_json::parse_as(&payload).map_err(seal_payload)?;
    if let Some(field) = seal.contradiction() {
        return Err(StatementError::SealPayload { what: format!("field {field}") });
    }
    if Hash::of(body_bytes) != seal.body_sha256 {
        return Err(StatementError::BodyMismatch);
    }
    let body: Body = plain_json::parse_as(body_bytes)
        .map_err(|error: PlainJsonError| StatementError::Body { what: error.to_string() })?;
    if let Some(field) = body.contradiction() {
        return Err(StatementError::Body { what: format!("field {field}") });
    }
    Ok(VerifiedStatement { digest: Hash::of(&payload), body, body_bytes: body_bytes.to_vec(), seal })
}

fn seal_payload(error: PlainJsonError) -> StatementError {
    StatementError::SealPayload { what: error.to_string() }
}

impl VerifiedStatement {
    /// The digest that names the statement.
    #[must_use]
    pub const fn digest(&self) -> Hash {
        self.digest
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// The seal payload.
    #[must_use]
    pub const fn seal(&self) -> &SealPayload {
        &self.seal
    }

    /// Every blob the statement names: openings and inks.
    #[must_use]
    pub fn blobs(&self) -> Vec<Hash> {
        let inks = self.signed().flat_map(|ink| [ink.name_commit, ink.ink_sha256]);
        self.body.commitments().chain(inks).collect()
    }

    /// Checks that the statement was made in this organisation and on this device.
    ///
    /// # Errors
    /// [`StatementError::Owner`]: for instance a statement replayed in another organisation.
    pub fn expect_owner(&self, org: OrgId, device: DeviceId) -> Result<(), StatementError> {
        if self.body.org == org && self.body.device == device { Ok(()) } else { Err(StatementError::Owner) }
    }

    /// Checks the signers against the template: known slots of this document with their roles, in template
    /// order, and every required one either signed or refused.
    ///
    /// # Errors
    /// [`StatementError::Signers`] names the first slot that does not fit.
    pub fn expect_signers(&self, template: &Template) -> Result<(), StatementError> {
        let unfit = |slot: &str| StatementError::Signers { slot: slot.to_owned() };
        let mut inks = self.seal.inks.iter().peekable();
        for slot in template.signatures.iter().filter(|slot| slot.document == self.body.kind) {
            match inks.next_if(|ink| ink.slot() == slot.code) {
                Some(InkEntry::Signed(ink)) if ink.role != slot.role => return Err(unfit(&slot.code)),
                None if slot.required => return Err(unfit(&slot.code)),
                _ => {}
            }
        }
        inks.next().map_or(Ok(()), |ink| Err(unfit(ink.slot())))
    }

    fn signed(&self) -> impl Iterator<Item = &super::SignedInk> {
        self.seal.inks.iter().filter_map(|entry| match entry {
            InkEntry::Signed(ink) => Some(ink),
            InkEntry::Refused { .. } => None,
        })
    }

    /// Verifies every opening at hand, those of signers' names included.
    ///
    /// # Errors
    /// [`StatementError::Opening`] for a blob that is not what the statement commits to.
    pub fn verify_openings(&self, blobs: &Blobs) -> Result<LayerReport, StatementError> {
        let mut report = LayerReport::default();
        for name in self.body.commitments().chain(self.signed().map(|ink| ink.name_commit)) {
            match blobs.get(&name) {
                Some(blob) => {
                    commit::open(&name, blob)?;
                    report.intact += 1;
                }
                None => report.absent += 1,
            }
        }
        Ok(report)
    }

    /// Verifies every ink at hand: it is the one the seal names and answers the challenge of this body.
    ///
    /// # Errors
    /// [`StatementError::InkMismatch`], [`StatementError::Ink`] or [`StatementError::InkChallenge`].
    pub fn verify_ink(&self, blobs: &Blobs) -> Result<LayerReport, StatementError> {
        let mut report = LayerReport::default();
        for signed in self.signed() {
            let slot = || signed.slot.clone();
            let Some(blob) = blobs.get(&signed.ink_sha256) else {
                report.absent += 1;
                continue;
            };
            if Hash::of(blob) != signed.ink_sha256 {
                return Err(StatementError::InkMismatch { slot: slot() });
            }
            let ink = Ink::parse(blob).map_err(|source| StatementError::Ink { slot: slot(), source })?;
            if ink.challenge != challenge(&self.body_bytes, &signed.nonce.0) {
                return Err(StatementError::InkChallenge { slot: slot() });
            }
            report.intact += 1;
        }
        Ok(report)
    }

    /// Writes the text again from body, openings and template, and compares it with what was shown.
    ///
    /// `template_sha256` is of the template's plain JSON as served.
    ///
    /// # Errors
    /// [`StatementError::Shown`] if a needed opening was erased, [`StatementError::ShownText`] if the
    /// texts differ.
    pub fn verify_shown(
        &self,
        template: &Template,
        template_sha256: Hash,
        blobs: &Blobs,
    ) -> Result<String, StatementError> {
        let body = &self.body;
        if body.template.sha256 != template_sha256 || body.template.code != template.code {
            return Err(StatementError::Template);
        }
        if body.text_template != text::text_template() {
            return Err(StatementError::TextTemplate);
        }
        let opened = self.opened(blobs)?;
        let erased = || ShownError::Erased { code: "shown_sha256".to_owned() };
        let shown = opened.get(&body.shown_sha256).ok_or_else(erased)?;
        if shown::render(body, template, &opened)? == *shown {
            Ok(shown.clone())
        } else {
            Err(StatementError::ShownText)
        }
    }

    /// The values of every commitment of the body whose opening is at hand.
    ///
    /// # Errors
    /// [`StatementError::Opening`].
    pub fn opened(&self, blobs: &Blobs) -> Result<Opened, StatementError> {
        let mut opened = Opened::new();
        for name in self.body.commitments() {
            if let Some(blob) = blobs.get(&name) {
                opened.insert(name, commit::open(&name, blob)?.to_owned());
            }
        }
        Ok(opened)
    }
}
