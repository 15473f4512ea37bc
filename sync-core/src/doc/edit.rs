//! Writing: the edits of one change.
//!
//! Owns what a change of ours may contain; the same list as the guard's, from the writer's side.

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ChangeHash, ReadDoc};
use serde::Serialize;

use super::visit_doc::{map_object, notes_object, refused};
use super::{DocError, Map};
use crate::bytes::Hash;
use crate::ids::VisitId;
use crate::plain_json;

/// Characters of the notes that one change of ours adds or removes at most.
///
/// # Source
/// Limits section 5: a change has 5,000 operations, and each character is one; the rest is for other edits.
pub const NOTES_STEP: usize = 4_000;

/// A change just written by [`VisitDoc::edit`](super::VisitDoc::edit), ready for the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// Change hash.
    pub hash: Hash,
    /// The uncompressed change chunk.
    pub chunk: Vec<u8>,
}

/// Runs the edits of one change and commits them, or rolls all of them back.
pub(super) fn commit(
    visit: VisitId,
    mut transaction: Transaction<'_>,
    write: impl FnOnce(&mut Edit<'_, '_>) -> Result<(), DocError>,
) -> Result<Option<ChangeHash>, DocError> {
    let written = write(&mut Edit { visit, transaction: &mut transaction });
    if written.is_err() || transaction.pending_ops() == 0 {
        transaction.rollback();
        return written.map(|()| None);
    }
    Ok(transaction.commit_with(CommitOptions::default().with_time(0)).0)
}

/// The edits of one change in the making.
#[derive(Debug)]
pub struct Edit<'t, 'd> {
    visit: VisitId,
    transaction: &'t mut Transaction<'d>,
}

impl Edit<'_, '_> {
    /// Writes a record as plain JSON.
    ///
    /// A record equal, byte for byte, to the one that counts already is not written again: among
    /// concurrent values Automerge would take that for deleting the others, which visits never do.
    /// Honest records differ, as they hold the time.
    ///
    /// # Errors
    /// [`DocError::AlreadyWritten`] for a second record under a key of a write-once map,
    /// [`DocError::Record`] if the record is no JSON.
    pub fn put(&mut self, map: Map, key: &str, record: &impl Serialize) -> Result<(), DocError> {
        let object = map_object(self.visit, map);
        let json = plain_json::to_string(record).map_err(|error| DocError::Record { what: error.to_string() })?;
        match self.transaction.get(&object, key).map_err(refused)? {
            Some(_) if !map.rewritable() => Err(DocError::AlreadyWritten { map: map.key(), key: key.to_owned() }),
            Some((current, _)) if current.as_str() == Some(&json) => Ok(()),
            _ => self.transaction.put(&object, key, json).map_err(refused),
        }
    }

    /// Replaces the notes, writing only what differs, so that concurrent edits of other parts survive.
    ///
    /// A difference of more than [`NOTES_STEP`] characters belongs into several changes:
    /// [`VisitDoc::set_notes`](super::VisitDoc::set_notes).
    ///
    /// # Errors
    /// [`DocError::Refused`] if Automerge refuses, which honest documents rule out.
    pub fn set_notes(&mut self, text: &str) -> Result<(), DocError> {
        self.transaction.update_text(&notes_object(self.visit), text).map_err(refused)
    }

    /// Replaces `removed` characters of the notes from `at` on.
    pub(super) fn splice_notes(&mut self, at: usize, removed: usize, inserted: &str) -> Result<(), DocError> {
        let removed = isize::try_from(removed).unwrap_or(isize::MAX);
        self.transaction.splice_text(notes_object(self.visit), at, removed, inserted).map_err(refused)
    }
}
