//! `Upload-Checksum`: whether the bytes of one request arrived as they were sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::app::{AppResult, ErrorCode, Refusal};

/// What the bytes of one request should hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    kind: Kind,
    digest: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sha1,
    Sha256,
}

/// A digest in the making.
pub(super) enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// The algorithms, as they are told to clients; the protocol asks for SHA-1.
    pub const ALGORITHMS: &'static str = "sha1,sha256";

    /// Reads an algorithm and a base64 digest.
    ///
    /// # Errors
    /// `upload_checksum_invalid` for another algorithm, and for what is no digest of it.
    pub fn read(text: &str) -> AppResult<Self> {
        let known = text.split_once(' ').and_then(|(algorithm, digest)| {
            let (kind, bytes) = match algorithm {
                "sha1" => (Kind::Sha1, 20),
                "sha256" => (Kind::Sha256, 32),
                _ => return None,
            };
            let digest = STANDARD.decode(digest).ok()?;
            (digest.len() == bytes).then_some(Self { kind, digest })
        });
        known.ok_or_else(|| {
            let expected = "sha1 or sha256, a space, and the digest in base64";
            Refusal::new(ErrorCode::UploadChecksumInvalid).field("Upload-Checksum", expected).into()
        })
    }

    pub(super) fn hasher(&self) -> Hasher {
        match self.kind {
            Kind::Sha1 => Hasher::Sha1(Sha1::new()),
            Kind::Sha256 => Hasher::Sha256(Sha256::new()),
        }
    }

    /// Refuses bytes that hash to something else.
    ///
    /// # Errors
    /// `upload_mismatch`.
    pub(super) fn check(&self, hasher: Hasher) -> AppResult<()> {
        let actual = match hasher {
            Hasher::Sha1(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha256(hasher) => hasher.finalize().to_vec(),
        };
        if actual == self.digest { Ok(()) } else { Err(ErrorCode::UploadMismatch.into()) }
    }
}

impl Hasher {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }
}
