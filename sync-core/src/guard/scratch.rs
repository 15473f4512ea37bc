//! The scratch copy: Automerge tries the changes where nothing can be hurt.
//!
//! Everything is applied in one batch, saved and loaded again before anyone may rely on it. What the
//! judge of single operations cannot see is checked here on the result: that the root is what genesis
//! made, that no record disappeared, and that the document stays within its limits.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::iter::MapRangeItem;
use automerge::{Automerge, Change, ObjType, ROOT, ReadDoc, ValueRef};

use super::budget::Limits;
use super::operations::RecordPut;
use super::refusal::RefusalCode;
use crate::bytes::Hash;
use crate::doc::genesis::NOTES;
use crate::doc::visit_doc::{map_object, notes_object, sorted_heads};
use crate::doc::{ChangeMeta, Map, VisitDoc};
use crate::ids::VisitId;

/// A change that passed every check on its own.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) change: Change,
    pub(super) meta: ChangeMeta,
    pub(super) puts: Vec<RecordPut>,
    /// The bytes as received.
    pub(super) exact: Vec<u8>,
}

/// A document that loaded again after saving.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) doc: VisitDoc,
    pub(super) snapshot: Vec<u8>,
}

/// The stored document and what it holds.
#[derive(Debug)]
pub(super) struct Scratch<'a> {
    visit: VisitId,
    base: Cow<'a, Automerge>,
    base_heads: Vec<Hash>,
    base_shape: Shape,
    limits: &'a Limits,
}

impl<'a> Scratch<'a> {
    /// Starts from the stored document, or from nothing.
    pub(super) fn new(visit: VisitId, stored: Option<&'a VisitDoc>, limits: &'a Limits) -> Self {
        let base = stored.map_or_else(|| Cow::Owned(Automerge::new()), |doc| Cow::Borrowed(doc.automerge()));
        let base_shape = stored.map_or_else(Shape::default, |_| Shape::of(visit, &base));
        let base_heads = sorted_heads(&base);
        Self { visit, base, base_heads, base_shape, limits }
    }

    /// Applies candidates to a copy, in one batch.
    pub(super) fn attempt(&self, candidates: &[Candidate]) -> Result<Settled, RefusalCode> {
        let doc = guarded(|| {
            let mut doc = Automerge::clone(&self.base);
            let changes: Vec<Change> = candidates.iter().map(|candidate| candidate.change.clone()).collect();
            doc.apply_changes(changes).map_err(|_refused| RefusalCode::ChangeRejected)?;
            Ok(doc)
        })?;
        self.settle(&doc, candidates)
    }

    /// Saves, loads again and compares.
    fn settle(&self, doc: &Automerge, candidates: &[Candidate]) -> Result<Settled, RefusalCode> {
        guarded(|| {
            let snapshot = doc.save_nocompress();
            if snapshot.len() > self.limits.document_bytes {
                return Err(RefusalCode::DocumentLimit);
            }
            let reloaded = Automerge::load(&snapshot).map_err(|_unreadable| RefusalCode::ChangeRejected)?;
            if sorted_heads(&reloaded) != self.heads_after(candidates) {
                return Err(RefusalCode::ChangeRejected);
            }
            self.check_shape(&reloaded, candidates)?;
            let doc = VisitDoc::from_automerge(self.visit, reloaded).map_err(|_no| RefusalCode::GenesisMissing)?;
            Ok(Settled { doc, snapshot })
        })
    }

    /// The heads that follow from the hashes alone.
    fn heads_after(&self, candidates: &[Candidate]) -> Vec<Hash> {
        let mut heads: BTreeSet<Hash> = self.base_heads.iter().copied().collect();
        heads.extend(candidates.iter().map(|candidate| candidate.meta.hash));
        for dep in candidates.iter().flat_map(|candidate| &candidate.meta.deps) {
            heads.remove(dep);
        }
        heads.into_iter().collect()
    }

    /// Compares what the document holds with what it held plus what the candidates write.
    fn check_shape(&self, doc: &Automerge, candidates: &[Candidate]) -> Result<(), RefusalCode> {
        let after = Shape::of(self.visit, doc);
        if !root_is_genesis(self.visit, doc) {
            return Err(RefusalCode::OperationNotAllowed);
        }
        for map in Map::ALL {
            let puts = candidates.iter().flat_map(|candidate| &candidate.puts).filter(|put| put.map == map);
            let keys: BTreeSet<&str> = puts.clone().map(|put| put.key.as_str()).collect();
            let object = map_object(self.visit, map);
            let is_new = |key: &&&str| !matches!(self.base.get(&object, **key), Ok(Some(_)));
            let (before, now) = (self.base_shape.held(map), after.held(map));
            // A predecessor of another key would hide that key's record.
            let hides_keys = now.keys != before.keys + keys.iter().filter(is_new).count();
            let hides_records = !map.rewritable() && now.records != before.records + puts.count();
            if hides_keys || hides_records {
                return Err(RefusalCode::OperationNotAllowed);
            }
            if now.keys > self.limits.keys_per_map {
                return Err(RefusalCode::FieldLimit);
            }
        }
        if doc.length(notes_object(self.visit)) > self.limits.notes_chars {
            return Err(RefusalCode::FieldLimit);
        }
        Ok(())
    }

    /// Finds the first candidate without which the ones before it are fine.
    ///
    /// A batch fails as a whole, so this searches by halves: at most 15 attempts for 20,000 changes.
    pub(super) fn find_culprit(&self, candidates: &[Candidate], code: RefusalCode) -> (usize, RefusalCode) {
        let (mut good, mut bad, mut code) = (0, candidates.len(), code);
        while good + 1 < bad {
            let middle = good.midpoint(bad);
            match candidates.get(..middle).map(|prefix| self.attempt(prefix)) {
                Some(Err(found)) => (bad, code) = (middle, found),
                _ => good = middle,
            }
        }
        (good, code)
    }
}

/// What the root maps hold.
#[derive(Debug, Default)]
struct Shape {
    held: Vec<(Map, Held)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Held {
    keys: usize,
    /// Records including concurrent ones under one key.
    records: usize,
}

impl Shape {
    fn of(visit: VisitId, doc: &Automerge) -> Self {
        let held = Map::ALL.into_iter().map(|map| (map, count(visit, doc, map))).collect();
        Self { held }
    }

    fn held(&self, map: Map) -> Held {
        self.held.iter().find(|(other, _)| *other == map).map(|(_, held)| *held).unwrap_or_default()
    }
}

/// Whether the root holds what genesis made, each once, and nothing else.
fn root_is_genesis(visit: VisitId, doc: &Automerge) -> bool {
    let is_made_by_genesis = |item: MapRangeItem<'_>| {
        let made = match Map::from_key(&item.key) {
            Some(map) => (ObjType::Map, map_object(visit, map)),
            None if item.key == NOTES => (ObjType::Text, notes_object(visit)),
            None => return false,
        };
        !item.conflict && matches!(item.value, ValueRef::Object(kind) if kind == made.0) && item.id() == made.1
    };
    doc.length(ROOT) == Map::ALL.len() + 1 && doc.map_range(ROOT, ..).all(is_made_by_genesis)
}

fn count(visit: VisitId, doc: &Automerge, map: Map) -> Held {
    let object = map_object(visit, map);
    let mut held = Held::default();
    for item in doc.map_range(&object, ..) {
        held.keys += 1;
        held.records += if item.conflict { doc.get_all(&object, &*item.key).map_or(1, |all| all.len()) } else { 1 };
    }
    held
}

/// Runs Automerge on hostile input: a panic is a refusal.
pub(super) fn guarded<T>(run: impl FnOnce() -> Result<T, RefusalCode>) -> Result<T, RefusalCode> {
    // Everything the closure touches is scratch and is dropped on a panic.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(RefusalCode::ChangeRejected))
}
