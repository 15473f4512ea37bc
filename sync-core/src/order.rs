//! Orders of the office to a phone, and the phone's signed answer (design section 9).
//!
//! Owns their form, building and verifying. A phone obeys an order only if a key of the server signed it and it names
//! this very device; the server believes an answer only if the device's key signed it.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, OrderId, OrgId};
use crate::jws::{self, Alg, Ed25519PublicKey, Header, JwsError, P256PublicKey, SigningInput, typ};
use crate::plain_json::{self, PlainJsonError};
use crate::time::UnixMillis;

/// The version of both payloads.
const VERSION: u32 = 1;

/// The `kind` of an order to wipe.
const WIPE: &str = "wipe";

/// The `kind` of the answer to it.
const WIPED: &str = "wiped";

/// Orders a phone to forget everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WipeOrder {
    /// Version of the form.
    v: u32,
    /// `wipe`.
    kind: String,
    /// The order.
    pub id: OrderId,
    /// The organisation.
    pub org: OrgId,
    /// The device.
    pub device: DeviceId,
    /// Whether what is unsent is given up; else it is uploaded first.
    pub wipe_now: bool,
    /// When it was given.
    pub at_ms: UnixMillis,
}

/// A phone's word that it has obeyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WipeReceipt {
    /// Version of the form.
    v: u32,
    /// `wiped`.
    kind: String,
    /// The order.
    pub order: OrderId,
    /// The organisation.
    pub org: OrgId,
    /// The device.
    pub device: DeviceId,
    /// Items that no held receipt named when it was wiped; 0 unless the order said `wipe_now`.
    pub unsent: u64,
    /// When, on the phone's clock.
    pub at_ms: UnixMillis,
}

/// Reports an order or answer that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// Not a valid signature of its author.
    #[error("the signature is not accepted: {0}")]
    Jws(#[from] JwsError),
    /// Signed, but malformed.
    #[error("the payload is malformed: {0}")]
    Payload(#[from] PlainJsonError),
    /// Signed, but of another kind or version.
    #[error("the payload is not of kind {expected} and version 1")]
    Kind {
        /// The expected kind.
        expected: &'static str,
    },
    /// It is for another organisation or device.
    #[error("it was made for another organisation or device")]
    Recipient,
}

impl WipeOrder {
    /// An order to be signed.
    #[must_use]
    pub fn new(id: OrderId, org: OrgId, device: DeviceId, wipe_now: bool, at_ms: UnixMillis) -> Self {
        Self { v: VERSION, kind: WIPE.to_owned(), id, org, device, wipe_now, at_ms }
    }

    /// Builds the bytes the server signs.
    ///
    /// # Errors
    /// [`PlainJsonError::Range`] for an instant beyond 2^53 milliseconds.
    pub fn prepare(&self, kid: &str) -> Result<SigningInput, PlainJsonError> {
        let header = Header { alg: Alg::EdDsa, kid: kid.to_owned(), typ: typ::ORDER.to_owned() };
        Ok(jws::prepare(&header, &plain_json::to_vec(self)?))
    }
}

impl WipeReceipt {
    /// An answer to be signed.
    #[must_use]
    pub fn new(order: &WipeOrder, unsent: u64, at_ms: UnixMillis) -> Self {
        let (org, device) = (order.org, order.device);
        Self { v: VERSION, kind: WIPED.to_owned(), order: order.id, org, device, unsent, at_ms }
    }

    /// Builds the bytes the device signs.
    ///
    /// # Errors
    /// [`PlainJsonError::Range`] for an instant beyond 2^53 milliseconds.
    pub fn prepare(&self, kid: &str) -> Result<SigningInput, PlainJsonError> {
        let header = Header { alg: Alg::Es256, kid: kid.to_owned(), typ: typ::ORDER_RECEIPT.to_owned() };
        Ok(jws::prepare(&header, &plain_json::to_vec(self)?))
    }

    /// The device an answer claims to come from, before anything is verified.
    #[must_use]
    pub fn claimed_device(jws: &str) -> Option<DeviceId> {
        let payload = jws::parse(jws).ok()?.payload;
        plain_json::parse_as::<Self>(&payload).ok().map(|receipt| receipt.device)
    }
}

/// Verifies an order with the server's evidence keys.
///
/// # Errors
/// [`OrderError`]; signature first, then form, then recipient.
pub fn verify_wipe_order(
    jws: &str,
    keys: &[Ed25519PublicKey],
    org: OrgId,
    device: DeviceId,
) -> Result<WipeOrder, OrderError> {
    let order: WipeOrder = plain_json::parse_as(&jws::verify_eddsa_any(jws, keys, typ::ORDER)?)?;
    if order.v != VERSION || order.kind != WIPE {
        return Err(OrderError::Kind { expected: WIPE });
    }
    if order.org == org && order.device == device { Ok(order) } else { Err(OrderError::Recipient) }
}

/// Verifies a phone's answer with its key.
///
/// # Errors
/// [`OrderError`], as [`verify_wipe_order`].
pub fn verify_wipe_receipt(
    jws: &str,
    key: &P256PublicKey,
    org: OrgId,
    device: DeviceId,
) -> Result<WipeReceipt, OrderError> {
    let receipt: WipeReceipt = plain_json::parse_as(&jws::verify_es256(jws, key, typ::ORDER_RECEIPT)?)?;
    if receipt.v != VERSION || receipt.kind != WIPED {
        return Err(OrderError::Kind { expected: WIPED });
    }
    if receipt.org == org && receipt.device == device { Ok(receipt) } else { Err(OrderError::Recipient) }
}
