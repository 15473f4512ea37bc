//! Salvage: what refused bytes would have written, read by the guard's own reader and never applied.
//!
//! A refused change may hold good records beside the one operation that is forbidden, and all that came after it on
//! the phone was refused with it. This reads them within the same budgets, so that a person can choose.

use std::collections::BTreeMap;

use super::budget::Limits;
use super::chunks::split_readable;
use super::document::check_document;
use super::header::{Chunk, read_change, read_chunk};
use super::refusal::RefusalCode;
use super::unpack::changes_in;
use super::written::{Written, written};
use crate::bytes::Hash;
use crate::doc::Map;
use crate::ids::{UserId, VisitId};

/// A record that refused bytes would have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalvagedRecord {
    /// The change that wrote it.
    pub change: Hash,
    /// The map.
    pub map: Map,
    /// Its key.
    pub key: String,
    /// The record, JSON as the phone wrote it.
    pub record: String,
    /// Why the guard would refuse this record too; `None` if it is good.
    pub refused: Option<RefusalCode>,
}

/// What can be read out of refused bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Salvage {
    /// The records, in the order of the bytes.
    pub records: Vec<SalvagedRecord>,
    /// Text that changes would have added to the notes, one entry per change.
    pub notes: Vec<(Hash, String)>,
    /// The readable changes with those they build on: what their writer had seen.
    pub deps: BTreeMap<Hash, Vec<Hash>>,
    /// Operations that no visit document has, and deletions: they are left out.
    pub left_out: u64,
    /// Chunks that cannot be read, wholly or from some operation on.
    pub unreadable: usize,
}

/// Reads what refused bytes would have written, within the limits.
#[must_use]
pub fn salvage(visit: VisitId, by: UserId, bytes: &[u8], limits: &Limits) -> Salvage {
    let limits = limits.within_ceiling();
    let mut found = Salvage::default();
    let (chunks, rest) = split_readable(bytes);
    found.unreadable += usize::from(!rest.is_empty());
    for chunk in chunks {
        if found.read(visit, by, chunk, &limits).is_err() {
            found.unreadable += 1;
        }
    }
    found
}

impl Salvage {
    fn read(&mut self, visit: VisitId, by: UserId, bytes: &[u8], limits: &Limits) -> Result<(), RefusalCode> {
        match read_chunk(bytes, limits)? {
            Chunk::Change { hash, chunk } => self.read_change(visit, by, hash, &chunk, limits),
            Chunk::Document { body } => {
                check_document(body, limits)?;
                for change in changes_in(bytes)? {
                    self.read_change(visit, by, Hash(change.hash().0), change.raw_bytes(), limits)?;
                }
                Ok(())
            }
        }
    }

    fn read_change(
        &mut self,
        visit: VisitId,
        by: UserId,
        hash: Hash,
        chunk: &[u8],
        limits: &Limits,
    ) -> Result<(), RefusalCode> {
        let header = read_change(chunk, limits)?;
        self.deps.insert(hash, header.deps.clone());
        let mut note = String::new();
        let read = written(&header, visit, by, limits, &mut |one| match one {
            Written::Record { map, key, text, refused } => self.records.push(SalvagedRecord {
                change: hash,
                map,
                key: key.to_owned(),
                record: text.to_owned(),
                refused,
            }),
            Written::Note(text) => note.push_str(text),
            // Genesis makes the containers, which are there already.
            Written::Other if header.deps.is_empty() => {}
            Written::Other => self.left_out += 1,
        });
        if !note.is_empty() {
            self.notes.push((hash, note));
        }
        read
    }
}
