//! The seal: what the device signs when all required signers are done (design sections 5 and 13).

use serde::{Deserialize, Serialize};

use super::VERSION;
use super::commit::{Opening, SALT_BYTES, commit};
use super::ink::{Ink, InkError, Stroke, challenge};
use crate::bytes::{Blob, Hash};
use crate::jws::{self, Alg, Header, SigningInput, typ};
use crate::plain_json::{self, PlainJsonError};
use crate::time::Stamp;

/// The ink of one signature slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedInk {
    /// Signature slot of the template.
    pub slot: String,
    /// Role of the signer.
    pub role: String,
    /// Commitment to the signer's name.
    pub name_commit: Hash,
    /// Name of the ink blob.
    pub ink_sha256: Hash,
    /// 32 random bytes of the challenge.
    pub nonce: Blob,
    /// When the signer finished.
    pub at: Stamp,
}

/// One signature slot: signed, or refused with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "InkWire", into = "InkWire")]
pub enum InkEntry {
    /// Signed.
    Signed(SignedInk),
    /// Refused.
    Refused {
        /// Signature slot of the template.
        slot: String,
        /// Why.
        reason: String,
    },
}

impl InkEntry {
    /// The signature slot.
    #[must_use]
    pub fn slot(&self) -> &str {
        match self {
            Self::Signed(ink) => &ink.slot,
            Self::Refused { slot, .. } => slot,
        }
    }
}

/// Flat form of [`InkEntry`].
#[derive(Serialize, Deserialize)]
struct InkWire {
    slot: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_commit: Option<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ink_sha256: Option<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<Blob>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<InkEntry> for InkWire {
    fn from(entry: InkEntry) -> Self {
        let empty = Self {
            slot: String::new(),
            role: None,
            name_commit: None,
            ink_sha256: None,
            nonce: None,
            at: None,
            refused: None,
            reason: None,
        };
        match entry {
            InkEntry::Signed(ink) => Self {
                slot: ink.slot,
                role: Some(ink.role),
                name_commit: Some(ink.name_commit),
                ink_sha256: Some(ink.ink_sha256),
                nonce: Some(ink.nonce),
                at: Some(ink.at),
                ..empty
            },
            InkEntry::Refused { slot, reason } => Self { slot, refused: Some(true), reason: Some(reason), ..empty },
        }
    }
}

impl TryFrom<InkWire> for InkEntry {
    type Error = &'static str;

    fn try_from(wire: InkWire) -> Result<Self, &'static str> {
        let InkWire { slot, role, name_commit, ink_sha256, nonce, at, refused, reason } = wire;
        match (refused, reason, role, name_commit, ink_sha256, nonce, at) {
            (Some(true), Some(reason), None, None, None, None, None) => Ok(Self::Refused { slot, reason }),
            (None, None, Some(role), Some(name_commit), Some(ink_sha256), Some(nonce), Some(at))
                if nonce.0.len() == SALT_BYTES =>
            {
                Ok(Self::Signed(SignedInk { slot, role, name_commit, ink_sha256, nonce, at }))
            }
            _ => Err(
                "expected slot, role, name_commit, ink_sha256, nonce of 32 bytes and at, or slot, refused and reason",
            ),
        }
    }
}

/// What the device signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealPayload {
    /// Version: 1.
    pub v: u32,
    /// SHA-256 of the body.
    pub body_sha256: Hash,
    /// Inks and refusals in template order.
    pub inks: Vec<InkEntry>,
}

/// The canvas and strokes of one signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canvas {
    /// Width.
    pub width: i64,
    /// Height.
    pub height: i64,
    /// Strokes.
    pub strokes: Vec<Stroke>,
}

/// One signature, with the blobs to store and upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The entry for the seal payload.
    pub entry: InkEntry,
    /// The ink blob; its name is the entry's `ink_sha256`.
    pub ink_bytes: Vec<u8>,
    /// The opening of the signer's name.
    pub name: Opening,
}

/// Who signs, where and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer<'a> {
    /// Signature slot of the template.
    pub slot: &'a str,
    /// Role of the signer.
    pub role: &'a str,
    /// Name of the signer.
    pub name: &'a str,
    /// When the signer finished.
    pub at: Stamp,
}

/// Binds a signer's strokes to a body.
///
/// `random` gives the nonce, then the salt of the name.
///
/// # Errors
/// [`InkError`].
pub fn sign_ink(
    body_bytes: &[u8],
    signer: Signer<'_>,
    canvas: Canvas,
    random: &mut dyn FnMut() -> [u8; SALT_BYTES],
) -> Result<Signature, InkError> {
    let nonce = random();
    let ink = Ink::new(challenge(body_bytes, &nonce), canvas.width, canvas.height, canvas.strokes)?;
    let ink_bytes = ink.to_bytes()?;
    let name = commit(signer.name, &random());
    let entry = InkEntry::Signed(SignedInk {
        slot: signer.slot.to_owned(),
        role: signer.role.to_owned(),
        name_commit: name.commit(),
        ink_sha256: Hash::of(&ink_bytes),
        nonce: Blob(nonce.to_vec()),
        at: signer.at,
    });
    Ok(Signature { entry, ink_bytes, name })
}

/// A seal ready to be signed by the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedSeal {
    input: SigningInput,
    digest: Hash,
}

/// A sealed statement's JWS and its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedStatement {
    /// The JWS.
    pub jws: String,
    /// SHA-256 of the seal payload: the name of the statement.
    pub digest: Hash,
}

impl SealPayload {
    /// The seal over a body and its inks, in template order.
    #[must_use]
    pub const fn new(body_sha256: Hash, inks: Vec<InkEntry>) -> Self {
        Self { v: VERSION, body_sha256, inks }
    }

    /// Builds the bytes the device signs.
    ///
    /// # Errors
    /// [`PlainJsonError::Range`] for a time stamp beyond ±(2^53−1).
    pub fn prepare(&self, kid: &str) -> Result<UnsignedSeal, PlainJsonError> {
        let payload = plain_json::to_vec(self)?;
        let header = Header { alg: Alg::Es256, kid: kid.to_owned(), typ: typ::STATEMENT.to_owned() };
        Ok(UnsignedSeal { input: jws::prepare(&header, &payload), digest: Hash::of(&payload) })
    }

    /// Names the first thing that contradicts the form of version 1.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let mut slots: Vec<_> = self.inks.iter().map(InkEntry::slot).collect();
        slots.sort_unstable();
        let checks = [
            ("v", self.v == VERSION),
            ("inks", !self.inks.is_empty()),
            ("slot", slots.is_sorted_by(|left, right| left < right)),
        ];
        checks.into_iter().find(|(_, holds)| !holds).map(|(field, _)| field)
    }
}

impl UnsignedSeal {
    /// The bytes the device signs with `ES256`.
    #[must_use]
    pub const fn input(&self) -> &SigningInput {
        &self.input
    }

    /// Joins the signature (r‖s).
    #[must_use]
    pub fn finish(&self, signature: &[u8; 64]) -> SealedStatement {
        SealedStatement { jws: jws::finish(&self.input, signature), digest: self.digest }
    }
}
