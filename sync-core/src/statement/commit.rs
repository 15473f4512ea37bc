//! Commitments: a personal field stands in a body as a hash, its value in a blob that can be erased.
//!
//! Blob = 32 random bytes ‖ UTF-8 value; its SHA-256 is both the commitment and the blob's name
//! (design section 13).

use crate::bytes::Hash;

/// Bytes of salt before the value.
pub const SALT_BYTES: usize = 32;

/// The blob that opens one commitment.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    commit: Hash,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening({})", self.commit)
    }
}

impl Opening {
    /// The commitment, which is also the name of the blob.
    #[must_use]
    pub const fn commit(&self) -> Hash {
        self.commit
    }

    /// The bytes of the blob.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reports a blob that does not open a commitment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningError {
    /// The blob is another one.
    #[error("the blob does not match the commitment")]
    Mismatch,
    /// The blob matches, but holds no salt and text.
    #[error("the blob is not 32 random bytes and UTF-8 text")]
    Malformed,
}

/// Commits to a value with 32 random bytes.
#[must_use]
pub fn commit(value: &str, salt: &[u8; SALT_BYTES]) -> Opening {
    let bytes = [salt.as_slice(), value.as_bytes()].concat();
    Opening { commit: Hash::of(&bytes), bytes }
}

/// Opens a commitment and returns its value.
///
/// # Errors
/// [`OpeningError::Mismatch`] before [`OpeningError::Malformed`].
pub fn open<'a>(commit: &Hash, blob: &'a [u8]) -> Result<&'a str, OpeningError> {
    if Hash::of(blob) != *commit {
        return Err(OpeningError::Mismatch);
    }
    let value = blob.get(SALT_BYTES..).ok_or(OpeningError::Malformed)?;
    std::str::from_utf8(value).map_err(|_not_text| OpeningError::Malformed)
}
