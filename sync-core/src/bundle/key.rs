//! The key pair bundles are sealed for: X25519, as a JSON Web Key (RFC 8037) on its way to phones.

use std::fmt;

use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, Serializable as _};
use serde::{Deserialize, Serialize};

use super::BundleError;
use crate::bytes::{Hash, from_base64url, to_base64url};

pub(super) type Public = <X25519HkdfSha256 as Kem>::PublicKey;
pub(super) type Secret = <X25519HkdfSha256 as Kem>::PrivateKey;

/// Names the key a bundle is sealed for: the SHA-256 of its RFC 7638 members.
pub type KeyId = Hash;

/// The public key of a server, for which phones seal their bundles.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OkpJwk", into = "OkpJwk")]
pub struct BundlePublicKey([u8; 32]);

/// JWK of RFC 8037 section 2.
#[derive(Serialize, Deserialize)]
struct OkpJwk {
    kty: String,
    crv: String,
    x: String,
}

impl BundlePublicKey {
    /// Takes the 32 bytes of a key; whether it can be sealed for is found out when that is tried.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// The RFC 7638 thumbprint before its encoding as text.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let x = to_base64url(&self.0);
        Hash::of(format!(r#"{{"crv":"X25519","kty":"OKP","x":"{x}"}}"#).as_bytes())
    }

    /// The RFC 7638 thumbprint, which is the `kid`.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        to_base64url(self.id().as_bytes())
    }

    pub(super) fn kem(&self) -> Result<Public, BundleError> {
        Public::from_bytes(&self.0).map_err(|_length| BundleError::Key)
    }
}

impl TryFrom<OkpJwk> for BundlePublicKey {
    type Error = &'static str;

    fn try_from(jwk: OkpJwk) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected a JWK with kty OKP and crv X25519";
        if jwk.kty != "OKP" || jwk.crv != "X25519" {
            return Err(EXPECTED);
        }
        from_base64url(&jwk.x).ok().and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(EXPECTED)
    }
}

impl From<BundlePublicKey> for OkpJwk {
    fn from(key: BundlePublicKey) -> Self {
        Self { kty: "OKP".to_owned(), crv: "X25519".to_owned(), x: to_base64url(&key.0) }
    }
}

impl fmt::Debug for BundlePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BundlePublicKey({})", self.thumbprint())
    }
}

/// The secret half, which only a server has.
#[derive(Clone)]
pub struct BundleSecretKey {
    secret: Secret,
    public: BundlePublicKey,
}

impl BundleSecretKey {
    /// Derives the pair from 32 random bytes (RFC 9180 section 4, `DeriveKeyPair`).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let (secret, public) = X25519HkdfSha256::derive_keypair(seed);
        Self { secret, public: BundlePublicKey(public.to_bytes().into()) }
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &BundlePublicKey {
        &self.public
    }

    pub(super) const fn kem(&self) -> &Secret {
        &self.secret
    }
}

impl fmt::Debug for BundleSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BundleSecretKey({})", self.public.thumbprint())
    }
}
