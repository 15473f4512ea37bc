//! The complete receipt: every photo of a visit that was not withdrawn is durable (design section 13).

use serde::{Deserialize, Serialize};

use super::{ReceiptError, VERSION};
use crate::bytes::Hash;
use crate::ids::{OrgId, VisitId};
use crate::jws::{self, Alg, Ed25519PublicKey, Header, SigningInput, typ};
use crate::plain_json::{self, PlainJsonError};
use crate::time::UnixMillis;

/// The `kind` of the payload.
pub(super) const KIND: &str = "complete";

/// Says that everything a visit declares is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteReceipt {
    /// The organisation.
    pub org: OrgId,
    /// The visit.
    pub visit: VisitId,
    /// Heads of its document.
    pub heads: Vec<Hash>,
    /// Every declared blob that is not withdrawn.
    pub blobs: Vec<Hash>,
    /// Digests of its statements.
    pub statements: Vec<Hash>,
    /// When it was made.
    pub at_ms: UnixMillis,
}

#[derive(Serialize)]
struct Payload<'a> {
    v: u32,
    kind: &'static str,
    #[serde(flatten)]
    receipt: &'a CompleteReceipt,
}

impl CompleteReceipt {
    /// Builds the bytes the server signs; every list is sorted.
    ///
    /// # Errors
    /// [`PlainJsonError::Range`] for an instant beyond 2^53 milliseconds.
    pub fn prepare(&self, kid: &str) -> Result<SigningInput, PlainJsonError> {
        let mut receipt = self.clone();
        receipt.heads.sort();
        receipt.blobs.sort();
        receipt.statements.sort();
        let payload = plain_json::to_vec(&Payload { v: VERSION, kind: KIND, receipt: &receipt })?;
        let header = Header { alg: Alg::EdDsa, kid: kid.to_owned(), typ: typ::RECEIPT.to_owned() };
        Ok(jws::prepare(&header, &payload))
    }
}

/// Verifies a complete receipt with the server's evidence keys.
///
/// # Errors
/// [`ReceiptError`]; [`ReceiptError::Recipient`] if it is for another organisation or visit.
pub fn verify_complete(
    jws: &str,
    keys: &[Ed25519PublicKey],
    org: OrgId,
    visit: VisitId,
) -> Result<CompleteReceipt, ReceiptError> {
    let receipt = of_payload(&jws::verify_eddsa_any(jws, keys, typ::RECEIPT)?, org)?;
    if receipt.visit == visit { Ok(receipt) } else { Err(ReceiptError::Recipient) }
}

/// Reads a payload whose signature was verified.
pub(super) fn of_payload(payload: &[u8], org: OrgId) -> Result<CompleteReceipt, ReceiptError> {
    super::expect_kind(payload, KIND)?;
    let receipt: CompleteReceipt = plain_json::parse_as(payload)?;
    if receipt.org == org { Ok(receipt) } else { Err(ReceiptError::Recipient) }
}
