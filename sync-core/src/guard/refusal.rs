//! Why bytes are refused: stable codes, and the bytes themselves for quarantine.

use std::fmt;

use crate::bytes::Hash;

/// The stable reason of a refusal; the text is part of the sync contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RefusalCode {
    /// Other content is known for this actor and sequence number: a restored or cloned phone.
    ActorForked,
    /// The actor belongs to another device, or to the genesis change.
    ActorNotYours,
    /// A record names another user than the one the device is enrolled for.
    ByMismatch,
    /// `seq` or `start_op` does not follow from the history.
    ChangeCounterInvalid,
    /// Not a change chunk, or compressed where that is not allowed.
    ChangeEncodingNotAllowed,
    /// Unreadable, or Automerge cannot apply it safely.
    ChangeRejected,
    /// More bytes, operations, dependencies or message than one change may have.
    ChangeTooLarge,
    /// The checksum does not match the bytes: damaged on the way.
    ChecksumMismatch,
    /// The document would exceed its limits.
    DocumentLimit,
    /// A record, key, map or the notes would exceed its limits.
    FieldLimit,
    /// The change starts a history of its own instead of following the genesis change.
    GenesisMissing,
    /// An operation that visit documents do not have.
    OperationNotAllowed,
}

impl RefusalCode {
    /// Every code.
    pub const ALL: [Self; 12] = [
        Self::ActorForked,
        Self::ActorNotYours,
        Self::ByMismatch,
        Self::ChangeCounterInvalid,
        Self::ChangeEncodingNotAllowed,
        Self::ChangeRejected,
        Self::ChangeTooLarge,
        Self::ChecksumMismatch,
        Self::DocumentLimit,
        Self::FieldLimit,
        Self::GenesisMissing,
        Self::OperationNotAllowed,
    ];

    /// Whether the device helps by writing its other edits anew; for bytes refused as such it would not.
    #[must_use]
    pub const fn is_replayable(self) -> bool {
        !matches!(self, Self::ChangeEncodingNotAllowed | Self::ChecksumMismatch)
    }

    /// The code as sync answers carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ActorForked => "actor_forked",
            Self::ActorNotYours => "actor_not_yours",
            Self::ByMismatch => "by_mismatch",
            Self::ChangeCounterInvalid => "change_counter_invalid",
            Self::ChangeEncodingNotAllowed => "change_encoding_not_allowed",
            Self::ChangeRejected => "change_rejected",
            Self::ChangeTooLarge => "change_too_large",
            Self::ChecksumMismatch => "checksum_mismatch",
            Self::DocumentLimit => "document_limit",
            Self::FieldLimit => "field_limit",
            Self::GenesisMissing => "genesis_missing",
            Self::OperationNotAllowed => "operation_not_allowed",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What of a push was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Hash of the first refused change, or SHA-256 of bytes that could not be read.
    pub hash: Hash,
    /// Why.
    pub code: RefusalCode,
    /// Byte for byte: the first refused change, all that depend on it, and whatever else of this push
    /// was refused, so that nothing of it is lost.
    pub chunks: Vec<Vec<u8>>,
}
