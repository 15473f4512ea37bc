//! Public keys of devices (P-256) and servers (Ed25519) as JSON Web Keys, and their thumbprints.
//!
//! Knows no private key.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bytes::{Hash, from_base64url, to_base64url};

/// Reports a public key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct KeyError {
    /// What the key should have been.
    pub expected: &'static str,
}

const P256: KeyError = KeyError { expected: "a P-256 public key: a point of the curve, not the point at infinity" };
const ED25519: KeyError = KeyError { expected: "an Ed25519 public key that is not of small order" };

/// A P-256 public key: a device's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "EcJwk", into = "EcJwk")]
pub struct P256PublicKey {
    key: p256::ecdsa::VerifyingKey,
    x: [u8; 32],
    y: [u8; 32],
}

/// An Ed25519 public key: a server's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OkpJwk", into = "OkpJwk")]
pub struct Ed25519PublicKey {
    key: ed25519_dalek::VerifyingKey,
}

/// JWK of RFC 7518 section 6.2; other members (`alg`, `use`, `kid`) are ignored.
#[derive(Serialize, Deserialize)]
struct EcJwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

/// JWK of RFC 8037 section 2.
#[derive(Serialize, Deserialize)]
struct OkpJwk {
    kty: String,
    crv: String,
    x: String,
}

fn coordinate(text: &str, error: &KeyError) -> Result<[u8; 32], KeyError> {
    from_base64url(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| error.clone())
}

impl P256PublicKey {
    /// Reads a SEC1 point, compressed (33 bytes) or not (65 bytes).
    ///
    /// # Errors
    /// [`KeyError`] for bytes that are no point of the curve.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(|_not_a_point| P256)?;
        let point = key.to_sec1_point(false);
        let (x, y) = point.as_bytes().get(1..).and_then(|xy| xy.split_first_chunk::<32>()).ok_or(P256)?;
        Ok(Self { x: *x, y: y.try_into().map_err(|_length| P256)?, key })
    }

    /// The uncompressed SEC1 point, 65 bytes.
    #[must_use]
    pub fn to_sec1(&self) -> Vec<u8> {
        [&[4], self.x.as_slice(), self.y.as_slice()].concat()
    }

    /// The RFC 7638 thumbprint, which is the `kid`.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let (x, y) = (to_base64url(&self.x), to_base64url(&self.y));
        thumbprint_of(&format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#))
    }

    pub(super) const fn verifying(&self) -> &p256::ecdsa::VerifyingKey {
        &self.key
    }
}

impl Ed25519PublicKey {
    /// Reads the 32 bytes of a key.
    ///
    /// # Errors
    /// [`KeyError`] for bytes that are no point, and for the few points of small order, for which
    /// signatures prove nothing.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_not_a_point| ED25519)?;
        if key.is_weak() { Err(ED25519) } else { Ok(Self { key }) }
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The RFC 7638 thumbprint, which is the `kid`.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let x = to_base64url(&self.to_bytes());
        thumbprint_of(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#))
    }

    pub(super) const fn verifying(&self) -> &ed25519_dalek::VerifyingKey {
        &self.key
    }
}

/// Base64url of the SHA-256 of the required members in order (RFC 7638 section 3).
fn thumbprint_of(members: &str) -> String {
    to_base64url(Hash::of(members.as_bytes()).as_bytes())
}

impl TryFrom<EcJwk> for P256PublicKey {
    type Error = KeyError;

    fn try_from(jwk: EcJwk) -> Result<Self, KeyError> {
        if jwk.kty != "EC" || jwk.crv != "P-256" {
            return Err(KeyError { expected: "a JWK with kty EC and crv P-256" });
        }
        let (x, y) = (coordinate(&jwk.x, &P256)?, coordinate(&jwk.y, &P256)?);
        Self::from_sec1(&[&[4], x.as_slice(), y.as_slice()].concat())
    }
}

impl From<P256PublicKey> for EcJwk {
    fn from(key: P256PublicKey) -> Self {
        Self { kty: "EC".to_owned(), crv: "P-256".to_owned(), x: to_base64url(&key.x), y: to_base64url(&key.y) }
    }
}

impl TryFrom<OkpJwk> for Ed25519PublicKey {
    type Error = KeyError;

    fn try_from(jwk: OkpJwk) -> Result<Self, KeyError> {
        if jwk.kty != "OKP" || jwk.crv != "Ed25519" {
            return Err(KeyError { expected: "a JWK with kty OKP and crv Ed25519" });
        }
        Self::from_bytes(&coordinate(&jwk.x, &ED25519)?)
    }
}

impl From<Ed25519PublicKey> for OkpJwk {
    fn from(key: Ed25519PublicKey) -> Self {
        Self { kty: "OKP".to_owned(), crv: "Ed25519".to_owned(), x: to_base64url(&key.to_bytes()) }
    }
}

impl fmt::Debug for P256PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P256PublicKey({})", self.thumbprint())
    }
}

impl fmt::Debug for Ed25519PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519PublicKey({})", self.thumbprint())
    }
}
