//! Compact JSON Web Signatures (RFC 7515) with exactly the header `{alg, kid, typ}`.
//!
//! Owns reading, building and verifying them. **Never signs**: [`prepare`] gives the bytes to sign,
//! [`finish`] takes the signature, because a phone's key store or `WebCrypto` does the signing. Knows
//! nothing of what a payload means.

pub mod key;

use p256::ecdsa::signature::Verifier as _;
use serde_json::Value;

use crate::bytes::{from_base64url, to_base64url};
use crate::plain_json;

pub use key::{Ed25519PublicKey, KeyError, P256PublicKey};

/// Largest decoded header in bytes.
///
/// # Source
/// Limits section 5, "JWS header".
pub const MAX_HEADER_BYTES: usize = 2 * 1024;

/// Largest JWS that is looked at, in bytes of text; payloads have narrower limits of their own.
pub const MAX_JWS_BYTES: usize = 4 * 1024 * 1024;

/// The `typ` values of the product; each is checked before anything else is done with a JWS.
///
/// # Source
/// Design section 5 and 13.
pub mod typ {
    /// Seal of a statement, by a device.
    pub const STATEMENT: &str = "doorstep-statement";
    /// Held and complete receipts, by the server.
    pub const RECEIPT: &str = "doorstep-receipt";
    /// Tree head of the Merkle log, by the server.
    pub const HEAD: &str = "doorstep-head";
    /// Seal of a sync request, by a device.
    pub const BATCH: &str = "doorstep-batch";
    /// Order to a device, by the server.
    pub const ORDER: &str = "doorstep-order";
    /// A device's word that it obeyed an order.
    pub const ORDER_RECEIPT: &str = "doorstep-order-receipt";
    /// What a bundle carries, by a device.
    pub const BUNDLE: &str = "doorstep-bundle";
    /// Answer of a device to a server nonce.
    pub const ASSERTION: &str = "doorstep-assertion";
}

/// Signature algorithms of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alg {
    /// ECDSA on P-256 with SHA-256, by devices (RFC 7518 section 3.4).
    Es256,
    /// Ed25519, by the server (RFC 8037).
    EdDsa,
}

impl Alg {
    /// The value of the header's `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Es256, Self::EdDsa].into_iter().find(|alg| alg.name() == name)
    }
}

/// The protected header of a JWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Algorithm.
    pub alg: Alg,
    /// RFC 7638 thumbprint of the signing key.
    pub kid: String,
    /// What the payload is.
    pub typ: String,
}

/// Reports a JWS that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// Not three base64url parts, or larger than allowed.
    #[error("not a compact JWS: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// The header is not exactly `{alg, kid, typ}`.
    #[error("the JWS header must hold exactly alg, kid and typ as texts")]
    Header,
    /// The header names an algorithm that is not used here.
    #[error("the JWS algorithm is not {expected}")]
    Algorithm {
        /// The algorithm of the key.
        expected: &'static str,
    },
    /// The JWS was made for another purpose.
    #[error("the JWS is not of type {expected}")]
    Type {
        /// The expected type.
        expected: String,
    },
    /// The JWS names another key.
    #[error("the JWS names another key")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
}

impl JwsError {
    /// The stable code of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } | Self::Header => "signature_malformed",
            Self::Algorithm { .. } => "signature_algorithm",
            Self::Type { .. } => "signature_type",
            Self::UnknownKey => "signature_key_unknown",
            Self::Signature => "signature_invalid",
        }
    }
}

/// The bytes a key must sign, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningInput {
    text: String,
}

impl SigningInput {
    /// The bytes to sign: SHA-256 and ECDSA for `ES256`, plain Ed25519 for `EdDSA`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// Builds the bytes to sign from header and payload.
#[must_use]
pub fn prepare(header: &Header, payload: &[u8]) -> SigningInput {
    // Plain JSON by hand: three keys in order, and `Value` escapes the two texts.
    let (kid, typ) = (Value::from(header.kid.as_str()), Value::from(header.typ.as_str()));
    let header = format!(r#"{{"alg":"{}","kid":{kid},"typ":{typ}}}"#, header.alg.name());
    SigningInput { text: format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(payload)) }
}

/// Joins the signed bytes and their signature (r‖s or Ed25519) to a compact JWS.
#[must_use]
pub fn finish(input: &SigningInput, signature: &[u8; 64]) -> String {
    format!("{}.{}", input.text, to_base64url(signature))
}

/// A compact JWS without its payload (RFC 7515 appendix F), for whoever knows the payload: [`attach`] puts it back.
///
/// What is no compact JWS stays as it is.
#[must_use]
pub fn detach(jws: &str) -> String {
    match (jws.split_once('.'), jws.rsplit_once('.')) {
        (Some((header, _)), Some((signed, signature))) if signed.len() > header.len() => {
            format!("{header}..{signature}")
        }
        _ => jws.to_owned(),
    }
}

/// A compact JWS with its payload: that of one that came without is put back, one that has it stays as it is.
#[must_use]
pub fn attach(jws: &str, payload: &[u8]) -> String {
    match jws.split_once("..") {
        Some((header, signature)) => format!("{header}.{}.{signature}", to_base64url(payload)),
        None => jws.to_owned(),
    }
}

/// A JWS taken apart; nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unverified<'a> {
    /// The header.
    pub header: Header,
    /// The payload, not to be trusted.
    pub payload: Vec<u8>,
    signing_input: &'a str,
    signature: [u8; 64],
}

/// Takes a compact JWS apart and checks its form, not its signature.
///
/// # Errors
/// [`JwsError::Malformed`] or [`JwsError::Header`], and [`JwsError::Algorithm`] for an algorithm other
/// than `ES256` and `EdDSA`.
pub fn parse(jws: &str) -> Result<Unverified<'_>, JwsError> {
    let malformed = |what| JwsError::Malformed { what };
    if jws.len() > MAX_JWS_BYTES {
        return Err(malformed("too large"));
    }
    let (signing_input, signature) = jws.rsplit_once('.').ok_or(malformed("expected three parts"))?;
    let (header, payload) = signing_input.split_once('.').ok_or(malformed("expected three parts"))?;
    if header.len() > MAX_HEADER_BYTES * 4 / 3 + 4 {
        return Err(malformed("header too large"));
    }
    let decode = |part| from_base64url(part).map_err(|_not_base64| malformed("a part is not base64url"));
    let header = parse_header(&decode(header)?)?;
    let signature = decode(signature)?.try_into().map_err(|_length| malformed("the signature is not 64 bytes"))?;
    Ok(Unverified { header, payload: decode(payload)?, signing_input, signature })
}

fn parse_header(bytes: &[u8]) -> Result<Header, JwsError> {
    if bytes.len() > MAX_HEADER_BYTES {
        return Err(JwsError::Malformed { what: "header too large" });
    }
    let value = plain_json::parse(bytes, plain_json::MAX_DEPTH).map_err(|_not_plain| JwsError::Header)?;
    if !plain_json::keys(&value).into_iter().eq(["alg", "kid", "typ"]) {
        return Err(JwsError::Header);
    }
    let text = |name| value.get(name).and_then(Value::as_str).ok_or(JwsError::Header);
    let alg = Alg::from_name(text("alg")?).ok_or(JwsError::Algorithm { expected: "ES256 or EdDSA" })?;
    Ok(Header { alg, kid: text("kid")?.to_owned(), typ: text("typ")?.to_owned() })
}

impl Unverified<'_> {
    fn expect(&self, alg: Alg, typ: &str, kid: &str) -> Result<(), JwsError> {
        if self.header.typ != typ {
            return Err(JwsError::Type { expected: typ.to_owned() });
        }
        if self.header.alg != alg {
            return Err(JwsError::Algorithm { expected: alg.name() });
        }
        if self.header.kid != kid {
            return Err(JwsError::UnknownKey);
        }
        Ok(())
    }
}

/// Verifies a device's JWS and returns its payload.
///
/// High and low `s` are both accepted: key stores do not normalise (design section 13).
///
/// # Errors
/// [`JwsError`]; form, type, algorithm and key are checked before the signature.
pub fn verify_es256(jws: &str, key: &P256PublicKey, expected_typ: &str) -> Result<Vec<u8>, JwsError> {
    let parsed = parse(jws)?;
    parsed.expect(Alg::Es256, expected_typ, &key.thumbprint())?;
    let signature = p256::ecdsa::Signature::from_slice(&parsed.signature).map_err(|_range| JwsError::Signature)?;
    key.verifying().verify(parsed.signing_input.as_bytes(), &signature).map_err(|_mismatch| JwsError::Signature)?;
    Ok(parsed.payload)
}

/// Verifies a server's JWS strictly (RFC 8032, no weak keys) and returns its payload.
///
/// # Errors
/// As [`verify_es256`].
pub fn verify_eddsa(jws: &str, key: &Ed25519PublicKey, expected_typ: &str) -> Result<Vec<u8>, JwsError> {
    let parsed = parse(jws)?;
    parsed.expect(Alg::EdDsa, expected_typ, &key.thumbprint())?;
    let signature = ed25519_dalek::Signature::from_bytes(&parsed.signature);
    key.verifying()
        .verify_strict(parsed.signing_input.as_bytes(), &signature)
        .map_err(|_mismatch| JwsError::Signature)?;
    Ok(parsed.payload)
}

/// Verifies a server's JWS with whichever of the keys it names.
///
/// # Errors
/// As [`verify_eddsa`]; [`JwsError::UnknownKey`] if none of the keys is named.
pub fn verify_eddsa_any(jws: &str, keys: &[Ed25519PublicKey], expected_typ: &str) -> Result<Vec<u8>, JwsError> {
    let kid = parse(jws)?.header.kid;
    let key = keys.iter().find(|key| key.thumbprint() == kid).ok_or(JwsError::UnknownKey)?;
    verify_eddsa(jws, key, expected_typ)
}

#[cfg(test)]
mod tests;
