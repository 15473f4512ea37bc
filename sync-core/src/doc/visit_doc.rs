//! One visit document: loading, saving, editing, exchanging changes.
//!
//! Owns the handle on Automerge. What arrives here is our own store's or a server's bytes; bytes of
//! unknown origin pass the guard first. Knows nothing of what the records mean.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{ActorId, Automerge, Change, ChangeHash, ObjId, ReadDoc};
use serde::Serialize;

use super::edit::commit;
use super::genesis::{DOCUMENT_CHUNK, GENESIS_OPS, genesis, genesis_actor};
use super::{DocError, Edit, Map, NOTES_STEP, NewChange};
use crate::bytes::{Actor, Hash};
use crate::ids::VisitId;
use crate::plain_json;

/// One change of a document, without its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeMeta {
    /// Change hash.
    pub hash: Hash,
    /// Who wrote it.
    pub actor: Actor,
    /// Position among the actor's changes, from 1.
    pub seq: u64,
    /// Counter of its first operation.
    pub start_op: u64,
    /// Counter of its last operation; `start_op - 1` for an empty change.
    pub max_op: u64,
    /// The changes it directly follows.
    pub deps: Vec<Hash>,
}

/// A visit document held in memory.
#[derive(Debug, Clone)]
pub struct VisitDoc {
    visit: VisitId,
    doc: Automerge,
}

impl VisitDoc {
    /// Makes the document of a new visit: its genesis change and nothing else.
    ///
    /// # Errors
    /// [`DocError::Refused`] if Automerge refuses the genesis change, which a test rules out.
    pub fn create(visit: VisitId) -> Result<Self, DocError> {
        let mut doc = Automerge::new();
        let change = Change::from_bytes(genesis(visit).bytes).map_err(refused)?;
        doc.apply_changes([change]).map_err(refused)?;
        Ok(Self { visit, doc })
    }

    /// Reads a document from bytes of our own store.
    ///
    /// # Errors
    /// [`DocError::Unreadable`] for damaged bytes, [`DocError::GenesisMissing`] for another visit's.
    pub fn load(visit: VisitId, bytes: &[u8]) -> Result<Self, DocError> {
        let doc = contained(|| Automerge::load(bytes).map_err(unreadable))?;
        Self::from_automerge(visit, doc)
    }

    /// Takes a document over from Automerge once it has the genesis change.
    pub(crate) fn from_automerge(visit: VisitId, doc: Automerge) -> Result<Self, DocError> {
        let found = Self { visit, doc };
        if found.has_change(&genesis(visit).hash) { Ok(found) } else { Err(DocError::GenesisMissing { visit }) }
    }

    /// The visit of this document.
    #[must_use]
    pub const fn visit(&self) -> VisitId {
        self.visit
    }

    /// The current heads, sorted.
    #[must_use]
    pub fn heads(&self) -> Vec<Hash> {
        sorted_heads(&self.doc)
    }

    /// Whether the document contains a change.
    #[must_use]
    pub fn has_change(&self, hash: &Hash) -> bool {
        self.doc.get_change_meta_by_hash(&ChangeHash(hash.0)).is_some()
    }

    /// The change that wrote a record which is there already: among the values of its key, also those beside the one that
    /// counts, or, in a write-once map, any record of that key.
    ///
    /// # Errors
    /// [`DocError::Record`] if the record is no JSON, [`DocError::Refused`] if Automerge refuses.
    pub fn holder(&self, map: Map, key: &str, record: &impl Serialize) -> Result<Option<Hash>, DocError> {
        let json = plain_json::to_string(record).map_err(|error| DocError::Record { what: error.to_string() })?;
        let values = self.doc.get_all(map_object(self.visit, map), key).map_err(refused)?;
        let held = values.iter().find(|(value, _)| !map.rewritable() || value.as_str() == Some(json.as_str()));
        Ok(held.and_then(|(_, op)| self.doc.hash_for_opid(op)).map(|hash| Hash(hash.0)))
    }

    /// The keys of a map under which a record, also one beside the one that counts, says something under this name.
    #[must_use]
    pub fn keys_naming(&self, map: Map, name: &str) -> BTreeSet<String> {
        let object = map_object(self.visit, map);
        let says = |record: &str| {
            let record: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
            record
                .get(name)
                .is_some_and(|value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty()))
        };
        let values = |key: &str| self.doc.get_all(&object, key).unwrap_or_default();
        let named = |key: &String| values(key).iter().any(|(value, _)| value.as_str().is_some_and(says));
        self.doc.keys(&object).filter(named).collect()
    }

    /// The document as it was with these heads and their history.
    ///
    /// # Errors
    /// [`DocError::UnknownHeads`], [`DocError::Refused`] if Automerge refuses, which honest documents rule out.
    pub fn at(&self, heads: &[Hash]) -> Result<Self, DocError> {
        let heads = self.known(heads)?;
        let doc = contained(|| self.doc.fork_at(&heads).map_err(refused))?;
        Self::from_automerge(self.visit, doc)
    }

    /// The whole document as one uncompressed document chunk.
    ///
    /// Uncompressed, because many documents in one compressed stream are three times smaller.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        self.doc.save_nocompress()
    }

    /// The changes that are not in the history of `heads`, as uncompressed chunks in causal order.
    ///
    /// # Errors
    /// [`DocError::UnknownHeads`]: Automerge would skip unknown heads and so return too much.
    pub fn changes_since(&self, heads: &[Hash]) -> Result<Vec<Vec<u8>>, DocError> {
        let changes = self.doc.get_changes(&self.known(heads)?);
        Ok(changes.iter().map(|change| change.raw_bytes().to_vec()).collect())
    }

    /// All changes in causal order, without their operations.
    #[must_use]
    pub fn change_metas(&self) -> Vec<ChangeMeta> {
        let metas = self.doc.get_changes_meta(&[]);
        metas
            .into_iter()
            .filter_map(|meta| {
                Some(ChangeMeta {
                    hash: Hash(meta.hash.0),
                    actor: actor_of(&meta.actor)?,
                    seq: meta.seq,
                    start_op: meta.start_op,
                    max_op: meta.max_op,
                    deps: meta.deps.iter().map(|dep| Hash(dep.0)).collect(),
                })
            })
            .collect()
    }

    /// Writes one change: time 0, no message, all edits of the closure or none.
    ///
    /// Returns `None` if the closure wrote nothing new; the document is then unchanged.
    ///
    /// # Errors
    /// [`DocError::ReservedActor`] for the genesis actor; otherwise whatever the closure returns, and
    /// then nothing is written.
    pub fn edit(
        &mut self,
        actor: Actor,
        write: impl FnOnce(&mut Edit<'_, '_>) -> Result<(), DocError>,
    ) -> Result<Option<NewChange>, DocError> {
        if actor == genesis_actor(self.visit) {
            return Err(DocError::ReservedActor);
        }
        self.doc.set_actor(ActorId::from(&actor.0[..]));
        let hash = commit(self.visit, self.doc.transaction(), write)?;
        let change = hash.and_then(|hash| self.doc.get_change_by_hash(&hash));
        Ok(change.map(|change| NewChange { hash: Hash(change.hash().0), chunk: change.raw_bytes().to_vec() }))
    }

    /// Replaces the notes in as many changes as the guard's limit for one of them asks for.
    ///
    /// # Errors
    /// As [`Self::edit`]; the changes before the one at fault stay.
    pub fn set_notes(&mut self, actor: Actor, text: &str) -> Result<Vec<NewChange>, DocError> {
        let current: Vec<char> = self.doc.text(notes_object(self.visit)).map_err(refused)?.chars().collect();
        let target: Vec<char> = text.chars().collect();
        let same = |(a, b): &(&char, &char)| a == b;
        let start = current.iter().zip(&target).take_while(same).count();
        let shorter = current.len().min(target.len()).saturating_sub(start);
        let end = current.iter().rev().zip(target.iter().rev()).take(shorter).take_while(same).count();
        let old = current.len().saturating_sub(start + end);
        let new: Vec<char> = target.into_iter().skip(start).collect();
        let new = new.get(..new.len().saturating_sub(end)).unwrap_or_default();
        if old + new.len() <= NOTES_STEP {
            return Ok(self.edit(actor, |edit| edit.set_notes(text))?.into_iter().collect());
        }
        let mut changes = Vec::new();
        for done in (0..old).step_by(NOTES_STEP) {
            let removed = NOTES_STEP.min(old - done);
            changes.extend(self.edit(actor, |edit| edit.splice_notes(start, removed, ""))?);
        }
        for (index, part) in new.chunks(NOTES_STEP).enumerate() {
            let (at, part) = (start + index * NOTES_STEP, part.iter().collect::<String>());
            changes.extend(self.edit(actor, |edit| edit.splice_notes(at, 0, &part))?);
        }
        Ok(changes)
    }

    /// Applies what the server sent: change chunks or a document chunk, all in one batch.
    ///
    /// `server_heads` are the server's heads after these chunks. Unsent changes of this device stay.
    /// The chunks are the server's, so they are not judged, only verified; yet a bug there must not
    /// cost this device its work: everything happens on a copy, and on any error the document is as
    /// before and the caller asks for a snapshot.
    ///
    /// # Errors
    /// [`DocError::Unreadable`] for a damaged chunk, [`DocError::Refused`] if Automerge refuses one,
    /// [`DocError::HeadsDiffer`] if a head of the server is still unknown or a dependency is missing.
    pub fn apply_trusted(&mut self, chunks: &[Vec<u8>], server_heads: &[Hash]) -> Result<(), DocError> {
        let mut copy = self.doc.clone();
        let copy = contained(move || {
            let mut changes = Vec::with_capacity(chunks.len());
            for chunk in chunks {
                read_chunk(chunk, &mut changes)?;
            }
            copy.apply_changes(changes).map_err(refused)?;
            Ok(copy)
        })?;
        let candidate = Self { visit: self.visit, doc: copy };
        let mut missing: Vec<Hash> = server_heads.iter().filter(|head| !candidate.has_change(head)).copied().collect();
        missing.extend(candidate.doc.get_missing_deps(&[]).iter().map(|hash| Hash(hash.0)));
        if !missing.is_empty() {
            return Err(DocError::HeadsDiffer { missing });
        }
        *self = candidate;
        Ok(())
    }

    /// The document for reading inside this crate.
    pub(crate) const fn automerge(&self) -> &Automerge {
        &self.doc
    }

    fn known(&self, heads: &[Hash]) -> Result<Vec<ChangeHash>, DocError> {
        let unknown: Vec<Hash> = heads.iter().filter(|head| !self.has_change(head)).copied().collect();
        if unknown.is_empty() {
            Ok(heads.iter().map(|head| ChangeHash(head.0)).collect())
        } else {
            Err(DocError::UnknownHeads { heads: unknown })
        }
    }
}

/// The object of a map: the genesis operation that made it, known without asking the document.
pub(crate) fn map_object(visit: VisitId, map: Map) -> ObjId {
    let position = Map::ALL.iter().zip(1u64..).find(|(other, _)| **other == map).map_or(0, |(_, counter)| counter);
    genesis_object(visit, position)
}

/// The object of the notes.
pub(crate) fn notes_object(visit: VisitId) -> ObjId {
    genesis_object(visit, GENESIS_OPS)
}

fn genesis_object(visit: VisitId, counter: u64) -> ObjId {
    // The actor index is only a hint, checked by Automerge before use.
    ObjId::Id(counter, ActorId::from(&visit.as_bytes()[..]), 0)
}

/// The heads of any Automerge document in our types, sorted.
pub(crate) fn sorted_heads(doc: &Automerge) -> Vec<Hash> {
    let mut heads: Vec<Hash> = doc.get_heads().iter().map(|head| Hash(head.0)).collect();
    heads.sort_unstable();
    heads
}

/// An actor of ours; other writers' actors may have other lengths and are then none of ours.
pub(crate) fn actor_of(actor: &ActorId) -> Option<Actor> {
    Actor::try_from(actor.to_bytes()).ok()
}

/// Reads one chunk of a server into changes, with the checksum that Automerge itself does not check.
fn read_chunk(chunk: &[u8], changes: &mut Vec<Change>) -> Result<(), DocError> {
    if chunk.get(8) == Some(&DOCUMENT_CHUNK) {
        changes.extend(Automerge::load(chunk).map_err(unreadable)?.get_changes(&[]));
        return Ok(());
    }
    let change = Change::from_bytes(chunk.to_vec()).map_err(unreadable)?;
    if chunk.get(4..8) != change.hash().0.get(..4) {
        return Err(DocError::Unreadable { what: "checksum does not match".to_owned() });
    }
    changes.push(change);
    Ok(())
}

/// Runs Automerge code whose panics must not reach the caller.
pub(crate) fn contained<T>(run: impl FnOnce() -> Result<T, DocError>) -> Result<T, DocError> {
    // Nothing outlives a panic here: the closure owns the scratch data it works on.
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_panic| Err(DocError::Refused { what: "panic inside automerge".to_owned() }))
}

pub(super) fn refused(error: impl std::fmt::Display) -> DocError {
    DocError::Refused { what: error.to_string() }
}

fn unreadable(error: impl std::fmt::Display) -> DocError {
    DocError::Unreadable { what: error.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VISIT: VisitId = VisitId::from_bytes([9; 16]);
    const ME: Actor = Actor([1; 16]);
    const OTHER: Actor = Actor([2; 16]);

    fn tick(doc: &mut VisitDoc, actor: Actor, key: &str) -> NewChange {
        doc.edit(actor, |edit| edit.put(Map::Ticks, key, &json!({"done": true}))).unwrap().unwrap()
    }

    #[test]
    fn an_edit_is_one_change_of_time_zero_without_message() {
        let mut doc = VisitDoc::create(VISIT).unwrap();
        let new = doc
            .edit(ME, |edit| {
                edit.put(Map::Ticks, "a", &json!({"done": true}))?;
                edit.put(Map::Photos, "p", &json!({"slot": "s"}))?;
                edit.set_notes("客户不在家")
            })
            .unwrap()
            .unwrap();
        let change = Change::from_bytes(new.chunk.clone()).unwrap();
        assert_eq!((change.timestamp(), change.message(), change.seq(), change.len()), (0, None, 1, 7));
        assert_eq!(doc.heads(), vec![new.hash]);
        assert_eq!(doc.change_metas().len(), 2);
        assert_eq!(doc.changes_since(&[genesis(VISIT).hash]).unwrap(), vec![new.chunk]);
    }

    #[test]
    fn a_failed_edit_writes_nothing() {
        let mut doc = VisitDoc::create(VISIT).unwrap();
        doc.edit(ME, |edit| edit.put(Map::Photos, "p", &1)).unwrap();
        let before = doc.save();
        let error = doc.edit(ME, |edit| {
            edit.put(Map::Photos, "q", &2)?;
            edit.put(Map::Photos, "p", &3)
        });
        assert_eq!(error, Err(DocError::AlreadyWritten { map: "photos", key: "p".to_owned() }));
        assert_eq!(doc.save(), before);
        assert_eq!(doc.edit(ME, |_edit| Ok(())), Ok(None));
        assert_eq!(doc.edit(ME, |edit| edit.set_notes("")), Ok(None));
        assert_eq!(doc.save(), before);
        assert_eq!(doc.edit(Actor([9; 16]), |_edit| Ok(())), Err(DocError::ReservedActor));
    }

    #[test]
    fn the_value_that_counts_is_not_written_again_even_among_concurrent_ones() {
        let mut mine = VisitDoc::create(VISIT).unwrap();
        let mut other = mine.clone();
        let record = json!({"done": true});
        mine.edit(ME, |edit| edit.put(Map::Ticks, "a", &json!({"done": false}))).unwrap();
        other.edit(OTHER, |edit| edit.put(Map::Ticks, "a", &record)).unwrap();
        mine.apply_trusted(&[other.save()], &other.heads()).unwrap();
        assert_eq!(mine.edit(ME, |edit| edit.put(Map::Ticks, "a", &record)), Ok(None));
    }

    #[test]
    fn unknown_heads_are_an_error_and_never_the_whole_history() {
        let doc = VisitDoc::create(VISIT).unwrap();
        let stranger = Hash([7; 32]);
        assert_eq!(doc.changes_since(&[stranger]), Err(DocError::UnknownHeads { heads: vec![stranger] }));
    }

    #[test]
    fn a_document_of_another_visit_or_damaged_bytes_do_not_load() {
        let bytes = VisitDoc::create(VISIT).unwrap().save();
        let other = VisitId::from_bytes([8; 16]);
        assert!(matches!(VisitDoc::load(other, &bytes), Err(DocError::GenesisMissing { .. })));
        assert!(matches!(VisitDoc::load(VISIT, &bytes[..bytes.len() - 1]), Err(DocError::Unreadable { .. })));
        assert_eq!(VisitDoc::load(VISIT, &bytes).unwrap().heads(), vec![genesis(VISIT).hash]);
    }

    #[test]
    fn server_deltas_apply_whole_or_not_at_all() {
        let mut server = VisitDoc::create(VISIT).unwrap();
        let mut phone = server.clone();
        let first = tick(&mut server, OTHER, "a");
        let second = tick(&mut server, OTHER, "b");
        let mine = tick(&mut phone, ME, "c");
        let before = phone.save();

        // A truncated delta, a missing dependency and a flipped byte leave the document as it was.
        let result = phone.apply_trusted(std::slice::from_ref(&first.chunk), &server.heads());
        assert_eq!(result, Err(DocError::HeadsDiffer { missing: vec![second.hash] }));
        assert!(matches!(
            phone.apply_trusted(std::slice::from_ref(&second.chunk), &server.heads()),
            Err(DocError::HeadsDiffer { .. })
        ));
        let mut flipped = second.chunk.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(phone.apply_trusted(&[first.chunk.clone(), flipped], &server.heads()).is_err());
        assert_eq!(phone.save(), before);

        phone.apply_trusted(&[second.chunk, first.chunk], &server.heads()).unwrap();
        assert!(phone.has_change(&mine.hash) && phone.has_change(&second.hash));
        server.apply_trusted(&[phone.save()], &phone.heads()).unwrap();
        assert_eq!(server.heads(), phone.heads());
    }
}
