//! The held receipt: exactly what one answer made durable (design sections 3 and 13).

use serde::{Deserialize, Serialize};

use super::{ReceiptError, VERSION};
use crate::bytes::Hash;
use crate::ids::{BatchId, DeviceId, EpochId, IntentId, OrgId, VisitId};
use crate::jws::{self, Alg, Ed25519PublicKey, Header, SigningInput, typ};
use crate::plain_json::{self, PlainJsonError};
use crate::time::UnixMillis;

/// The `kind` of the payload.
const KIND: &str = "held";

/// Names everything that one answer made durable for one device; duplicates are named again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReceipt {
    /// The organisation.
    pub org: OrgId,
    /// The device.
    pub device: DeviceId,
    /// Identity of the server's data.
    pub epoch: EpochId,
    /// The batch it answers; absent for uploads.
    pub batch_id: Option<BatchId>,
    /// When it was made.
    pub at_ms: UnixMillis,
    /// Documents with their durable heads.
    pub docs: Vec<(VisitId, Vec<Hash>)>,
    /// Blobs.
    pub blobs: Vec<Hash>,
    /// Digests of statements.
    pub statements: Vec<Hash>,
    /// Intents.
    pub intents: Vec<IntentId>,
    /// What is durable in quarantine only: id or digest, and code.
    pub quarantined: Vec<(String, String)>,
}

/// The payload with its version and kind.
#[derive(Serialize, Deserialize)]
struct Payload {
    v: u32,
    kind: String,
    org: OrgId,
    device: DeviceId,
    epoch: EpochId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch_id: Option<BatchId>,
    at_ms: UnixMillis,
    docs: Vec<(VisitId, Vec<Hash>)>,
    blobs: Vec<Hash>,
    statements: Vec<Hash>,
    intents: Vec<IntentId>,
    quarantined: Vec<(String, String)>,
}

impl HeldReceipt {
    /// A receipt that names nothing yet.
    #[must_use]
    pub const fn new(
        org: OrgId,
        device: DeviceId,
        epoch: EpochId,
        batch_id: Option<BatchId>,
        at_ms: UnixMillis,
    ) -> Self {
        Self {
            org,
            device,
            epoch,
            batch_id,
            at_ms,
            docs: Vec::new(),
            blobs: Vec::new(),
            statements: Vec::new(),
            intents: Vec::new(),
            quarantined: Vec::new(),
        }
    }

    /// Whether the receipt names nothing; such a receipt is not sent.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.docs.is_empty()
            && self.blobs.is_empty()
            && self.statements.is_empty()
            && self.intents.is_empty()
            && self.quarantined.is_empty()
    }

    /// The payload bytes: plain JSON, every list sorted.
    ///
    /// # Errors
    /// [`PlainJsonError::Range`] for an instant beyond 2^53 milliseconds.
    pub fn payload(&self) -> Result<Vec<u8>, PlainJsonError> {
        let sorted = |hashes: &[Hash]| {
            let mut hashes = hashes.to_vec();
            hashes.sort();
            hashes
        };
        let mut docs: Vec<_> = self.docs.iter().map(|(id, heads)| (*id, sorted(heads))).collect();
        let (mut intents, mut quarantined) = (self.intents.clone(), self.quarantined.clone());
        docs.sort();
        intents.sort();
        quarantined.sort();
        plain_json::to_vec(&Payload {
            v: VERSION,
            kind: KIND.to_owned(),
            org: self.org,
            device: self.device,
            epoch: self.epoch,
            batch_id: self.batch_id,
            at_ms: self.at_ms,
            docs,
            blobs: sorted(&self.blobs),
            statements: sorted(&self.statements),
            intents,
            quarantined,
        })
    }

    /// Builds the bytes the server signs.
    ///
    /// # Errors
    /// As [`Self::payload`].
    pub fn prepare(&self, kid: &str) -> Result<SigningInput, PlainJsonError> {
        let header = Header { alg: Alg::EdDsa, kid: kid.to_owned(), typ: typ::RECEIPT.to_owned() };
        Ok(jws::prepare(&header, &self.payload()?))
    }

    /// Whether the receipt names a blob.
    #[must_use]
    pub fn names_blob(&self, blob: &Hash) -> bool {
        self.blobs.contains(blob)
    }

    /// Whether the receipt names an intent as stored.
    #[must_use]
    pub fn names_intent(&self, intent: &IntentId) -> bool {
        self.intents.contains(intent)
    }

    /// Whether the receipt names a statement as stored.
    #[must_use]
    pub fn names_statement(&self, digest: &Hash) -> bool {
        self.statements.contains(digest)
    }

    /// The durable heads of a document; everything below a head is durable too.
    #[must_use]
    pub fn heads_of(&self, visit: &VisitId) -> Option<&[Hash]> {
        self.docs.iter().find(|(id, _)| id == visit).map(|(_, heads)| heads.as_slice())
    }

    /// The code under which an id or digest lies in quarantine.
    #[must_use]
    pub fn quarantine_code(&self, id_or_digest: &str) -> Option<&str> {
        self.quarantined.iter().find(|(name, _)| name == id_or_digest).map(|(_, code)| code.as_str())
    }
}

impl TryFrom<Payload> for HeldReceipt {
    type Error = ReceiptError;

    fn try_from(payload: Payload) -> Result<Self, ReceiptError> {
        if payload.v != VERSION || payload.kind != KIND {
            return Err(ReceiptError::Kind { expected: KIND });
        }
        let Payload { org, device, epoch, batch_id, at_ms, docs, blobs, statements, intents, quarantined, .. } =
            payload;
        Ok(Self { org, device, epoch, batch_id, at_ms, docs, blobs, statements, intents, quarantined })
    }
}

/// A held receipt whose signature and recipient were verified; only [`verify_held`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedHeld {
    receipt: HeldReceipt,
    sha256: Hash,
}

impl VerifiedHeld {
    /// What the receipt says.
    #[must_use]
    pub const fn receipt(&self) -> &HeldReceipt {
        &self.receipt
    }

    /// SHA-256 of the JWS text: the name of the receipt as a beacon of statements.
    #[must_use]
    pub const fn sha256(&self) -> Hash {
        self.sha256
    }
}

/// Verifies a held receipt with the server's evidence keys.
///
/// # Errors
/// [`ReceiptError`]; signature first, then form, then recipient.
pub fn verify_held(
    jws: &str,
    keys: &[Ed25519PublicKey],
    org: OrgId,
    device: DeviceId,
) -> Result<VerifiedHeld, ReceiptError> {
    of_payload(jws, &jws::verify_eddsa_any(jws, keys, typ::RECEIPT)?, org, device)
}

/// Reads the payload of a receipt whose signature was verified.
pub(super) fn of_payload(
    jws: &str,
    payload: &[u8],
    org: OrgId,
    device: DeviceId,
) -> Result<VerifiedHeld, ReceiptError> {
    super::expect_kind(payload, KIND)?;
    let receipt = HeldReceipt::try_from(plain_json::parse_as::<Payload>(payload)?)?;
    if receipt.org != org || receipt.device != device {
        return Err(ReceiptError::Recipient);
    }
    Ok(VerifiedHeld { receipt, sha256: Hash::of(jws.as_bytes()) })
}
