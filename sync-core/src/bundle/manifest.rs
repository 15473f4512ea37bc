//! What a bundle says of itself, and the device's signature over it.

use serde::{Deserialize, Serialize};

use super::BundleError;
use crate::bytes::Hash;
use crate::ids::{BundleId, DeviceId, EpochId, OrgId};
use crate::jws::{self, Alg, Header, P256PublicKey, SigningInput, typ};
use crate::plain_json::{self, PlainJsonError};
use crate::time::UnixMillis;

/// The version of manifest and signature.
const VERSION: u32 = 1;

/// Bytes of a frame beside its content, of a chunk and of its tag, as in the table of `docs/SYNC.md`.
const FRAME_BYTES: u64 = 1 + 8 + 32;
const CHUNK_BYTES: u64 = 64 << 10;
const TAG_BYTES: u64 = 16;

/// More than header, manifest and signature take with their frames.
const WORDS_BYTES: u64 = 4 << 10;

/// What a bundle says of itself, before its contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the form.
    v: u32,
    /// Random id of this bundle.
    pub id: BundleId,
    /// The organisation.
    pub org: OrgId,
    /// The device whose work it holds.
    pub device: DeviceId,
    /// The server's data as the phone last saw them; absent before its first sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<EpochId>,
    /// When it was made, on the phone's clock.
    pub made_at_ms: UnixMillis,
    /// Sync requests in it.
    pub requests: u64,
    /// Blobs in it.
    pub blobs: u64,
    /// Bytes of both.
    pub bytes: u64,
}

impl Manifest {
    /// The manifest of a bundle that holds nothing yet.
    #[must_use]
    pub const fn new(
        id: BundleId,
        org: OrgId,
        device: DeviceId,
        epoch: Option<EpochId>,
        made_at_ms: UnixMillis,
    ) -> Self {
        Self { v: VERSION, id, org, device, epoch, made_at_ms, requests: 0, blobs: 0, bytes: 0 }
    }

    /// Counts a sync request.
    #[must_use]
    pub const fn with_request(mut self, bytes: u64) -> Self {
        self.requests += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self
    }

    /// Counts a blob.
    #[must_use]
    pub const fn with_blob(mut self, bytes: u64) -> Self {
        self.blobs += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self
    }

    /// Most bytes of the sealed file that holds what was counted so far.
    #[must_use]
    pub const fn most_sealed_bytes(&self) -> u64 {
        let items = self.requests.saturating_add(self.blobs);
        let framed = self.bytes.saturating_add(items.saturating_mul(FRAME_BYTES)).saturating_add(WORDS_BYTES);
        let chunks = framed / CHUNK_BYTES + 1;
        framed.saturating_add(chunks.saturating_mul(TAG_BYTES))
    }

    /// The bytes of the manifest: plain JSON.
    ///
    /// # Errors
    /// [`PlainJsonError::Range`] for numbers beyond 2^53.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PlainJsonError> {
        plain_json::to_vec(self)
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let malformed = BundleError::Malformed { what: "its manifest cannot be read" };
        plain_json::parse_as::<Self>(bytes).ok().filter(|manifest| manifest.v == VERSION).ok_or(malformed)
    }
}

/// What the device signs: which bundle, and the hash of everything before the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleSeal {
    v: u32,
    bundle: BundleId,
    org: OrgId,
    device: DeviceId,
    sha256: Hash,
}

impl BundleSeal {
    /// The seal of a bundle whose contents have this hash.
    #[must_use]
    pub const fn new(manifest: &Manifest, sha256: Hash) -> Self {
        Self { v: VERSION, bundle: manifest.id, org: manifest.org, device: manifest.device, sha256 }
    }

    /// Builds the bytes the device signs.
    ///
    /// # Errors
    /// [`PlainJsonError`], which ids and hashes never cause.
    pub fn prepare(&self, kid: &str) -> Result<SigningInput, PlainJsonError> {
        let header = Header { alg: Alg::Es256, kid: kid.to_owned(), typ: typ::BUNDLE.to_owned() };
        Ok(jws::prepare(&header, &plain_json::to_vec(self)?))
    }

    /// Verifies the signature of a bundle and that it covers exactly this.
    ///
    /// # Errors
    /// [`BundleError::Seal`].
    pub fn verify(&self, jws: &str, key: &P256PublicKey) -> Result<(), BundleError> {
        let payload = jws::verify_es256(jws, key, typ::BUNDLE)?;
        match plain_json::parse_as::<Self>(&payload) {
            Ok(sealed) if sealed == *self => Ok(()),
            _ => Err(BundleError::Seal(jws::JwsError::Signature)),
        }
    }
}
