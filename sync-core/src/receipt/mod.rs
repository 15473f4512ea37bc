//! Receipts of the server: what is durable, and when a visit is complete.
//!
//! Owns their form, building and verifying. A *held* receipt alone permits a phone to free bytes.

pub mod complete;
pub mod held;

use crate::ids::{DeviceId, OrgId};
use crate::jws::{self, Ed25519PublicKey, JwsError, typ};
use crate::plain_json::PlainJsonError;

pub use complete::{CompleteReceipt, verify_complete};
pub use held::{HeldReceipt, VerifiedHeld, verify_held};

/// A receipt of either kind whose signature and recipient were verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// What one answer made durable.
    Held(Box<VerifiedHeld>),
    /// Everything a visit declares is durable.
    Complete(Box<CompleteReceipt>),
}

/// Verifies a receipt of an answer, of whichever kind, with the server's evidence keys.
///
/// # Errors
/// [`ReceiptError`]; signature first, then form, then recipient.
pub fn verify(jws: &str, keys: &[Ed25519PublicKey], org: OrgId, device: DeviceId) -> Result<Receipt, ReceiptError> {
    let payload = jws::verify_eddsa_any(jws, keys, typ::RECEIPT)?;
    if expect_kind(&payload, complete::KIND).is_ok() {
        return complete::of_payload(&payload, org).map(|receipt| Receipt::Complete(Box::new(receipt)));
    }
    held::of_payload(jws, &payload, org, device).map(|receipt| Receipt::Held(Box::new(receipt)))
}

/// The version of the payload.
const VERSION: u32 = 1;

/// Reports a receipt that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// Not a valid signature of the server.
    #[error("the receipt is not accepted: {0}")]
    Jws(#[from] JwsError),
    /// Signed, but not a payload of the expected kind.
    #[error("the receipt's payload is malformed: {0}")]
    Payload(#[from] PlainJsonError),
    /// Signed, but of another kind or version.
    #[error("the receipt is not of kind {expected} and version 1")]
    Kind {
        /// The expected kind.
        expected: &'static str,
    },
    /// The receipt is for another organisation or device.
    #[error("the receipt was made for another organisation or device")]
    Recipient,
}

/// Tells a receipt of another kind from a malformed one, before a type reads it.
fn expect_kind(payload: &[u8], expected: &'static str) -> Result<(), ReceiptError> {
    let value = crate::plain_json::parse(payload, crate::plain_json::MAX_DEPTH)?;
    let is_expected = value.get("v") == Some(&VERSION.into()) && value.get("kind") == Some(&expected.into());
    if is_expected { Ok(()) } else { Err(ReceiptError::Kind { expected }) }
}
