//! What goes into admission and what comes out.

use super::budget::Limits;
use super::index::ChangeIndex;
use super::refusal::Refused;
use crate::bytes::{Actor, Hash};
use crate::doc::{ChangeMeta, VisitDoc};
use crate::ids::{UserId, VisitId};

/// What a device sends for one document.
#[derive(Clone, Copy)]
pub struct Push<'a> {
    /// The visit.
    pub visit: VisitId,
    /// The user the device is enrolled for.
    pub by: UserId,
    /// The chunks as received.
    pub chunks: &'a [Vec<u8>],
    /// What is stored already.
    pub stored: Option<Stored<'a>>,
    /// Whether the device may write as this actor: it is bound to it, or to nobody yet.
    pub may_use_actor: &'a dyn Fn(&Actor) -> bool,
    /// Limits; values above their ceiling count as the ceiling.
    pub limits: &'a Limits,
}

impl Push<'_> {
    /// Whether a change is stored.
    pub(super) fn knows(&self, hash: &Hash) -> bool {
        self.stored.is_some_and(|stored| stored.index.contains(hash))
    }
}

/// A stored document: its snapshot and the index that belongs to it.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// The saved document.
    pub snapshot: &'a [u8],
    /// The same document, where it is loaded already.
    pub loaded: Option<&'a VisitDoc>,
    /// Its changes.
    pub index: &'a ChangeIndex,
}

/// What became of a push.
#[derive(Debug)]
pub struct Admission {
    /// The document after the push, if anything new was accepted.
    pub accepted: Option<Accepted>,
    /// Chunks that are stored already, or came twice.
    pub duplicates: usize,
    /// Dependencies that are neither stored nor in the push; what needs them was not stored.
    pub missing: Vec<Hash>,
    /// What goes to quarantine.
    pub refused: Option<Refused>,
}

/// A document with the accepted changes, saved and loaded again successfully.
#[derive(Debug)]
pub struct Accepted {
    /// The document.
    pub doc: VisitDoc,
    /// Its change index.
    pub index: ChangeIndex,
    /// Its heads, sorted.
    pub heads: Vec<Hash>,
    /// The saved, uncompressed document.
    pub snapshot: Vec<u8>,
    /// The accepted changes in causal order.
    pub changes: Vec<ChangeMeta>,
    /// The accepted bytes exactly as received, in causal order: one chunk per change, or the one
    /// document chunk that held them all.
    pub chunks: Vec<Vec<u8>>,
}
