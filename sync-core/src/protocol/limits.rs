//! Limits of the protocol: the default of each and the ceiling that configuration cannot pass.
//!
//! Limits of one change or document belong to the guard.

use super::message::{PushDoc, SyncRequest};
use crate::protocol::PROTOCOL;

/// Limits of one sync request.
///
/// # Source
/// Limits section 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtocolLimits {
    /// Encoded body, bytes.
    pub encoded_bytes: usize,
    /// Body after decompression, bytes.
    pub decoded_bytes: usize,
    /// Highest ratio of decompressed to compressed bytes.
    pub ratio: usize,
    /// Documents in one request.
    pub docs: usize,
    /// Change chunks in one request.
    pub changes: usize,
    /// Intents in one request.
    pub intents: usize,
    /// One intent, bytes.
    pub intent_bytes: usize,
    /// Statements in one request.
    pub statements: usize,
    /// Body of one statement, bytes.
    pub statement_bytes: usize,
    /// Head hashes of one document.
    pub heads: usize,
    /// Blobs asked after in one request.
    pub blobs: usize,
    /// Cursor, bytes of text.
    pub cursor_bytes: usize,
}

/// The longest list of hashes or actors that an item brings.
fn hashes(doc: &PushDoc) -> usize {
    let actors = doc.actors.as_ref().map_or(0, Vec::len);
    doc.base_heads.len().max(doc.heads.len()).max(doc.replays.len()).max(actors)
}

impl ProtocolLimits {
    /// The limits without configuration.
    pub const DEFAULT: Self = Self {
        encoded_bytes: 4 * 1024 * 1024,
        decoded_bytes: 16 * 1024 * 1024,
        ratio: 20,
        docs: 5_000,
        changes: 50_000,
        intents: 5_000,
        intent_bytes: 16 * 1024,
        statements: 500,
        statement_bytes: 512 * 1024,
        heads: 256,
        blobs: 1_000,
        cursor_bytes: 1024,
    };

    /// The most a configuration may allow.
    pub const CEILING: Self = Self {
        encoded_bytes: 16 * 1024 * 1024,
        decoded_bytes: 64 * 1024 * 1024,
        ratio: 50,
        docs: 20_000,
        changes: 200_000,
        intents: 20_000,
        intent_bytes: 64 * 1024,
        statements: 2_000,
        statement_bytes: 1024 * 1024,
        heads: 1_024,
        blobs: 4_000,
        cursor_bytes: 1024,
    };

    /// These limits, none above its ceiling.
    #[must_use]
    pub fn clamped(self) -> Self {
        let top = Self::CEILING;
        Self {
            encoded_bytes: self.encoded_bytes.min(top.encoded_bytes),
            decoded_bytes: self.decoded_bytes.min(top.decoded_bytes),
            ratio: self.ratio.min(top.ratio),
            docs: self.docs.min(top.docs),
            changes: self.changes.min(top.changes),
            intents: self.intents.min(top.intents),
            intent_bytes: self.intent_bytes.min(top.intent_bytes),
            statements: self.statements.min(top.statements),
            statement_bytes: self.statement_bytes.min(top.statement_bytes),
            heads: self.heads.min(top.heads),
            blobs: self.blobs.min(top.blobs),
            cursor_bytes: self.cursor_bytes.min(top.cursor_bytes),
        }
    }

    /// Checks the counts that fail a request as a whole.
    ///
    /// Sizes of single intents and statements are item outcomes, not errors of the request.
    ///
    /// # Errors
    /// [`LimitExceeded`] names the first limit passed.
    pub fn check(&self, request: &SyncRequest) -> Result<(), LimitExceeded> {
        let changes = request.docs.iter().map(|doc| doc.chunks.len()).sum();
        let heads = request.docs.iter().map(hashes).max().unwrap_or(0);
        let cursor = request.cursor.as_ref().map_or(0, String::len);
        let counts = [
            ("documents", "too_many_documents", self.docs, request.docs.len()),
            ("changes", "too_many_changes", self.changes, changes),
            ("heads of a document", "too_many_heads", self.heads, heads),
            ("intents", "too_many_intents", self.intents, request.intents.len()),
            ("statements", "too_many_statements", self.statements, request.statements.len()),
            ("blobs asked after", "too_many_blobs", self.blobs, request.blobs.len()),
            ("receipts that arrived", "too_many_blobs", self.blobs, request.arrived.len()),
            ("receipts shown", "too_many_blobs", self.blobs, request.receipts.len()),
            ("bytes of cursor", "cursor_too_large", self.cursor_bytes, cursor),
        ];
        match counts.into_iter().find(|(_, _, limit, actual)| actual > limit) {
            Some((what, code, limit, actual)) => Err(LimitExceeded { what, code, limit, actual }),
            None => Ok(()),
        }
    }

    /// Whether this code speaks the protocol of a request.
    #[must_use]
    pub const fn speaks(protocol: u32) -> bool {
        protocol == PROTOCOL
    }
}

impl Default for ProtocolLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Reports a count above its limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{actual} {what}, at most {limit} are allowed")]
pub struct LimitExceeded {
    /// What was counted.
    pub what: &'static str,
    /// The stable code.
    pub code: &'static str,
    /// The limit.
    pub limit: usize,
    /// The count.
    pub actual: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_default_is_above_its_ceiling() {
        assert_eq!(ProtocolLimits::DEFAULT.clamped(), ProtocolLimits::DEFAULT);
        assert_eq!(ProtocolLimits::CEILING.clamped(), ProtocolLimits::CEILING);
    }
}
