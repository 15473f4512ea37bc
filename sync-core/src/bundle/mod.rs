//! The sealed offline bundle: the unsent work of a phone as one file that any carrier can bring to the office.
//!
//! Owns the format: [`cipher`] seals the file for the server's bundle key, chunk by chunk; [`frames`] is what lies
//! inside: a manifest, ordinary sealed sync requests, blobs, and last a signature of the device over all of it.
//! Works on pieces of bytes; knows neither files nor what a request means, and draws no randomness.

pub mod cipher;
pub mod frames;
pub mod key;
pub mod manifest;

pub use cipher::{HEADER_BYTES, Opener, Sealer, key_id_of};
pub use frames::{BundleLimits, Contents, Item, ItemKind, Packer, Unpacker};
pub use key::{BundlePublicKey, BundleSecretKey, KeyId};
pub use manifest::{BundleSeal, Manifest};

use crate::jws::JwsError;

/// Reports a bundle that is not accepted. Nothing of it may be used then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Not of this format, or it contradicts itself.
    #[error("not a bundle of this version: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// Bytes are missing, were changed or changed places, or it was sealed for another key.
    #[error("the bundle is damaged or not complete")]
    Damaged,
    /// More than is taken at once.
    #[error("{actual} {what}, at most {limit} are taken")]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// The count.
        actual: u64,
    },
    /// The device's signature does not cover it.
    #[error("the signature of the device is not accepted: {0}")]
    Seal(#[from] JwsError),
    /// The key cannot be sealed for.
    #[error("not a usable X25519 public key")]
    Key,
}

impl BundleError {
    /// The stable code of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "bundle_malformed",
            Self::Damaged => "bundle_damaged",
            Self::TooLarge { .. } => "bundle_too_large",
            Self::Seal(_) => "bundle_seal_invalid",
            Self::Key => "bundle_key_unknown",
        }
    }
}

#[cfg(test)]
mod tests;
