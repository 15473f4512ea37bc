//! Randomness, ids and the device key.
//!
//! A real phone keeps its key in Keystore or Secure Enclave; this one keeps the 32 bytes in its store, sealed at rest.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sync_core::bytes::Blob;
use sync_core::ids::DeviceId;
use sync_core::jws::{self, Alg, Header, P256PublicKey, SigningInput, typ};
use sync_core::plain_json;
use sync_core::time::UnixMillis;
use uuid::Uuid;

use crate::error::{PhoneError, PhoneResult};

/// Draws random bytes from the operating system.
///
/// # Errors
/// [`PhoneError::Store`] if the system gives none; then nothing may be keyed or sealed.
pub(crate) fn random<const N: usize>() -> PhoneResult<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| PhoneError::Store(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

/// A new `UUIDv7` of an instant.
pub(crate) fn new_id(now: UnixMillis) -> PhoneResult<Uuid> {
    let ms = u64::try_from(now.0).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(ms, &random()?).into_uuid())
}

/// Eight Crockford base32 characters, as boot ids are written.
pub(crate) fn base32_id() -> PhoneResult<String> {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bytes: [u8; 8] = random()?;
    Ok(bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)).copied().map(char::from)).collect())
}

/// The P-256 key of this install.
pub(crate) struct DeviceKey {
    signing: SigningKey,
    public: P256PublicKey,
}

impl DeviceKey {
    /// Draws a new key and returns it with its 32 secret bytes.
    pub(crate) fn generate() -> PhoneResult<(Self, Blob)> {
        loop {
            let secret: [u8; 32] = random()?;
            // All but about 2^-32 of the draws are a valid scalar.
            if let Ok(key) = Self::from_secret(&secret) {
                return Ok((key, Blob(secret.to_vec())));
            }
        }
    }

    /// Takes the key up again from its secret bytes.
    pub(crate) fn from_secret(secret: &[u8]) -> PhoneResult<Self> {
        let bad = |_error| PhoneError::Store("the device key is damaged".to_owned());
        let signing = SigningKey::from_slice(secret).map_err(bad)?;
        let public = P256PublicKey::from_sec1(&signing.verifying_key().to_sec1_bytes())?;
        Ok(Self { signing, public })
    }

    /// The public key.
    pub(crate) const fn public(&self) -> &P256PublicKey {
        &self.public
    }

    /// The thumbprint that names the key.
    pub(crate) fn kid(&self) -> String {
        self.public.thumbprint()
    }

    /// Signs prepared bytes: r‖s.
    pub(crate) fn sign(&self, input: &SigningInput) -> [u8; 64] {
        let signature: Signature = self.signing.sign(input.as_bytes());
        signature.to_bytes().into()
    }

    /// Answers a server nonce.
    pub(crate) fn assertion(&self, nonce: &str, device: DeviceId, purpose: &str) -> PhoneResult<String> {
        let payload: Value = json!({"nonce": nonce, "device": device, "purpose": purpose});
        let header = Header { alg: Alg::Es256, kid: self.kid(), typ: typ::ASSERTION.to_owned() };
        let input = jws::prepare(&header, &plain_json::to_vec(&payload)?);
        Ok(jws::finish(&input, &self.sign(&input)))
    }
}
