//! How much a document and a change may hold: configured defaults beside compiled ceilings.

/// The limits of the guard.
///
/// # Source
/// Section 5 of the limits and threats document, rows "one change", "document" and "notes / record
/// JSON / keys per map"; depth from design section 13, Plain JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one change chunk, also after inflating.
    pub change_bytes: usize,
    /// Operations of one change; also its predecessors together.
    pub change_ops: u64,
    /// Dependencies of one change.
    pub change_deps: u64,
    /// Bytes of a change message.
    pub message_bytes: u64,
    /// Bytes of the saved, uncompressed document.
    pub document_bytes: usize,
    /// Operations of a document.
    pub document_ops: u64,
    /// Changes of a document.
    pub document_changes: u64,
    /// Actors of a document.
    pub document_actors: u64,
    /// Unicode characters of the notes.
    pub notes_chars: usize,
    /// Bytes of one record's JSON.
    pub record_bytes: usize,
    /// Nesting of one record's JSON; the record itself is depth 1.
    pub record_depth: usize,
    /// Keys of one root map.
    pub keys_per_map: usize,
    /// Bytes of one key; honest keys are ids, codes and pairs of them.
    pub key_bytes: usize,
}

impl Limits {
    /// The limits where nothing is configured.
    pub const DEFAULT: Self = Self {
        change_bytes: 256 * 1024,
        change_ops: 5_000,
        change_deps: 64,
        message_bytes: 200,
        document_bytes: 2 * 1024 * 1024,
        document_ops: 200_000,
        document_changes: 20_000,
        document_actors: 200,
        notes_chars: 20_000,
        record_bytes: 16 * 1024,
        record_depth: 8,
        keys_per_map: 2_000,
        key_bytes: 256,
    };

    /// What configuration cannot exceed: four times the default, and for what is part of the format
    /// (inflated size, JSON depth) the default itself.
    pub const CEILING: Self = Self {
        change_bytes: 256 * 1024,
        change_ops: 20_000,
        change_deps: 256,
        message_bytes: 800,
        document_bytes: 8 * 1024 * 1024,
        document_ops: 800_000,
        document_changes: 80_000,
        document_actors: 800,
        notes_chars: 80_000,
        record_bytes: 64 * 1024,
        record_depth: 8,
        keys_per_map: 8_000,
        key_bytes: 1_024,
    };

    /// These limits, none above its ceiling.
    #[must_use]
    pub fn within_ceiling(self) -> Self {
        let ceiling = Self::CEILING;
        Self {
            change_bytes: self.change_bytes.min(ceiling.change_bytes),
            change_ops: self.change_ops.min(ceiling.change_ops),
            change_deps: self.change_deps.min(ceiling.change_deps),
            message_bytes: self.message_bytes.min(ceiling.message_bytes),
            document_bytes: self.document_bytes.min(ceiling.document_bytes),
            document_ops: self.document_ops.min(ceiling.document_ops),
            document_changes: self.document_changes.min(ceiling.document_changes),
            document_actors: self.document_actors.min(ceiling.document_actors),
            notes_chars: self.notes_chars.min(ceiling.notes_chars),
            record_bytes: self.record_bytes.min(ceiling.record_bytes),
            record_depth: self.record_depth.min(ceiling.record_depth),
            keys_per_map: self.keys_per_map.min(ceiling.keys_per_map),
            key_bytes: self.key_bytes.min(ceiling.key_bytes),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
