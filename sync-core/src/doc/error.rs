//! What can go wrong with a document.

use crate::bytes::Hash;
use crate::ids::VisitId;

/// Reports why a document could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocError {
    /// The bytes are no Automerge document, or a damaged one.
    #[error("document bytes are unreadable: {what}")]
    Unreadable {
        /// What Automerge said.
        what: String,
    },
    /// The document does not begin with the genesis change of this visit.
    #[error("document lacks the genesis change of visit {visit}")]
    GenesisMissing {
        /// The visit it should belong to.
        visit: VisitId,
    },
    /// Heads were named that this document does not have.
    #[error("{} heads are unknown to this document", heads.len())]
    UnknownHeads {
        /// The unknown heads.
        heads: Vec<Hash>,
    },
    /// A write-once key has a record already.
    #[error("{map}/{key} has a record already")]
    AlreadyWritten {
        /// Root key of the map.
        map: &'static str,
        /// Key in the map.
        key: String,
    },
    /// The record could not be written as JSON.
    #[error("record cannot be written as JSON: {what}")]
    Record {
        /// What the serialiser said.
        what: String,
    },
    /// Automerge refused an operation or a change.
    #[error("document refused a change: {what}")]
    Refused {
        /// What Automerge said.
        what: String,
    },
    /// After applying, the document is not where the sender said it would be.
    #[error("document does not reach the expected heads")]
    HeadsDiffer {
        /// Expected heads that are still unknown.
        missing: Vec<Hash>,
    },
    /// The actor belongs to the genesis change.
    #[error("the genesis actor writes nothing else")]
    ReservedActor,
}
