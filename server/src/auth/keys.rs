//! The server's own keys: access tokens (rotated away), evidence and offline bundles (never removed).

use ed25519_dalek::{Signer as _, SigningKey};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sync_core::bundle::{BundlePublicKey, BundleSecretKey};
use sync_core::bytes::to_base64url;
use sync_core::jws::{self, Header, JwsError};

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Access tokens.
    Access,
    /// Receipts, heads, orders.
    Evidence,
    /// Nothing: phones seal their offline bundles for it.
    Bundle,
}

impl Purpose {
    /// The purpose as the database stores it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Evidence => "evidence",
            Self::Bundle => "bundle",
        }
    }

    /// The thumbprint and the public half of the key of a seed.
    #[must_use]
    pub fn public_half(self, seed: &[u8; 32]) -> (String, [u8; 32]) {
        match self {
            Self::Access | Self::Evidence => {
                let key = ServerKey::from_seed(seed, 0, None);
                (key.kid.clone(), key.public_bytes())
            }
            Self::Bundle => {
                let key = BundleSecretKey::from_seed(seed);
                (key.public().thumbprint(), key.public().to_bytes())
            }
        }
    }
}

/// One Ed25519 key of the server.
#[derive(Clone)]
pub struct ServerKey {
    /// RFC 7638 thumbprint of the public key.
    pub kid: String,
    /// When it was made, in milliseconds.
    pub created_at_ms: i64,
    /// When it was retired; it still verifies.
    pub retired_at_ms: Option<i64>,
    /// From when what it signs counts no more, because somebody else may have it.
    pub revoked_at_ms: Option<i64>,
    signing: SigningKey,
}

impl std::fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerKey({})", self.kid)
    }
}

impl ServerKey {
    /// Makes the key of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32], created_at_ms: i64, retired_at_ms: Option<i64>) -> Self {
        let signing = SigningKey::from_bytes(seed);
        let kid = thumbprint(signing.verifying_key().as_bytes());
        Self { kid, created_at_ms, retired_at_ms, revoked_at_ms: None, signing }
    }

    /// The same key, revoked or not.
    #[must_use]
    pub const fn revoked(mut self, revoked_at_ms: Option<i64>) -> Self {
        self.revoked_at_ms = revoked_at_ms;
        self
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub fn public_bytes(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// The 32-byte seed, for the database only.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        self.signing.to_bytes()
    }

    /// Signs bytes (RFC 8032).
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.signing.sign(bytes).to_bytes()
    }

    /// The public key as a JSON Web Key (RFC 8037), with its validity.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let mut jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": self.kid, "x": to_base64url(&self.public_bytes()), "created_at": instant(self.created_at_ms),
        });
        let ends = [("retired_at", self.retired_at_ms), ("revoked_at", self.revoked_at_ms)];
        for (name, at_ms) in ends.into_iter().filter_map(|(name, at_ms)| Some((name, at_ms?))) {
            if let Some(object) = jwk.as_object_mut() {
                object.insert(name.to_owned(), instant(at_ms).into());
            }
        }
        jwk
    }
}

fn instant(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|at| format!("{at:.3}")).unwrap_or_default()
}

/// RFC 7638 thumbprint of an Ed25519 public key.
fn thumbprint(public: &[u8; 32]) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, to_base64url(public));
    to_base64url(&Sha256::digest(canonical.as_bytes()))
}

/// The keys in force and those that still verify.
#[derive(Debug, Clone)]
pub struct KeyRing {
    /// Keys of access tokens, newest last; the newest signs.
    pub access: Vec<ServerKey>,
    /// Keys of evidence, newest last; the newest signs.
    pub evidence: Vec<ServerKey>,
    /// What phones seal their offline bundles for.
    pub bundle: BundlePublicKey,
    access_signer: ServerKey,
    evidence_signer: ServerKey,
}

impl KeyRing {
    /// Puts a ring together.
    #[must_use]
    pub fn new(access: Vec<ServerKey>, evidence: Vec<ServerKey>, bundle: BundlePublicKey) -> Option<Self> {
        let signer = |keys: &[ServerKey]| keys.iter().rev().find(|key| key.retired_at_ms.is_none()).cloned();
        Some(Self { access_signer: signer(&access)?, evidence_signer: signer(&evidence)?, access, evidence, bundle })
    }

    /// The key that signs access tokens.
    #[must_use]
    pub const fn access_signer(&self) -> &ServerKey {
        &self.access_signer
    }

    /// The key that signs receipts.
    #[must_use]
    pub const fn evidence_signer(&self) -> &ServerKey {
        &self.evidence_signer
    }

    /// Whether an evidence key was revoked.
    #[must_use]
    pub fn has_revoked(&self, kid: &str) -> bool {
        self.evidence.iter().any(|key| key.kid == kid && key.revoked_at_ms.is_some())
    }

    /// What was signed by an evidence key that was revoked since, signed anew by the key in force; nothing where it
    /// still counts as it is.
    ///
    /// Only for what comes out of the database: the old signature proves nothing any more.
    ///
    /// # Errors
    /// If it is no JWS.
    pub fn renewed(&self, text: &str) -> Result<Option<String>, JwsError> {
        let old = jws::parse(text)?;
        if !self.has_revoked(&old.header.kid) {
            return Ok(None);
        }
        let key = self.evidence_signer();
        let input = jws::prepare(&Header { kid: key.kid.clone(), ..old.header }, &old.payload);
        Ok(Some(jws::finish(&input, &key.sign(input.as_bytes()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        // RFC 8037 appendix A.3.
        let public = sync_core::bytes::from_base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").expect("vector");
        let public: [u8; 32] = public.try_into().expect("32 bytes");
        assert_eq!(thumbprint(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
