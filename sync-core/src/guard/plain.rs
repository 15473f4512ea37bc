//! The plain document: a whole visit in one chunk, written by one phone, one change after the other.
//!
//! Almost every first push is one. It is judged as its changes would be, but from the document's own columns, so that
//! Automerge need not spell out each change anew. This judge only ever says yes: whatever is not plain to see is left
//! to the judge of single changes, which finds out what is wrong.
//!
//! Automerge must write the loaded document back to the very bytes that came: so their columns are in its canonical form,
//! and what is read here is what Automerge reads. It does not look at the order of operations, which no hash covers and
//! every reader relies on; that order is verified here.

mod order;

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeMetadata, ReadDoc as _};

use self::order::Order;
use super::budget::Limits;
use super::columns::{Column, Delta, Rle, column, numbers, read_columns};
use super::document::check_document;
use super::header::{Chunk, counted, read_chunk};
use super::index::ChangeIndex;
use super::operations::{Rules, check_operation};
use super::push::{Accepted, Push};
use super::reader::{Malformed, Reader};
use super::refusal::RefusalCode;
use super::rows::{Key, Operation, SharedRows};
use super::scratch::guarded;
use crate::bytes::{Actor, Hash};
use crate::doc::genesis::{GENESIS_OPS, genesis, genesis_actor};
use crate::doc::visit_doc::{actor_of, notes_object};
use crate::doc::{ChangeMeta, Map, VisitDoc};

// Column specifications that only documents have.
const ID_ACTOR: u64 = 0x21;
const ID_COUNTER: u64 = 0x23;
const SUCCESSOR_COUNT: u64 = 0x80;
const SUCCESSOR_ACTOR: u64 = 0x81;
const SUCCESSOR_COUNTER: u64 = 0x83;

/// What an operation takes in its change beside key and value, generously: the numbers of its columns.
const OPERATION_BYTES: usize = 96;

/// What a change takes beside its operations, generously: header, one dependency, two actors, table of columns.
const CHANGE_BYTES: usize = 256;

/// Accepts a push of one plain document that is new to the server; `None` leaves it to the judge of single changes.
pub(super) fn accept(push: &Push<'_>, limits: &Limits) -> Option<Accepted> {
    let ([bytes], None) = (push.chunks, push.stored) else { return None };
    let Ok(Chunk::Document { body }) = read_chunk(bytes, limits) else { return None };
    check_document(body, limits).ok()?;
    let (doc, changes) = guarded(|| {
        let doc = Automerge::load(bytes).map_err(|_unreadable| RefusalCode::ChangeRejected)?;
        let changes = plain_changes(push, &doc, limits).ok_or(RefusalCode::ChangeRejected)?;
        let is_canonical = doc.save_nocompress() == *bytes;
        let is_short = doc.length(notes_object(push.visit)) <= limits.notes_chars;
        if is_canonical && is_short { Ok((doc, changes)) } else { Err(RefusalCode::ChangeRejected) }
    })
    .ok()?;
    Judge::new(push, &changes, limits)?.judge(body)?;
    let mut index = ChangeIndex::default();
    changes.iter().for_each(|change| index.insert(change));
    let doc = VisitDoc::from_automerge(push.visit, doc).ok()?;
    let heads = doc.heads();
    Some(Accepted { doc, index, heads, snapshot: bytes.clone(), changes, chunks: vec![bytes.clone()] })
}

/// The changes, if they are genesis and then one chain of a single writer who may write here.
fn plain_changes(push: &Push<'_>, doc: &Automerge, limits: &Limits) -> Option<Vec<ChangeMeta>> {
    let metas = doc.get_changes_meta(&[]);
    let changes: Vec<ChangeMeta> = metas.iter().map(|meta| plain_change(meta, limits)).collect::<Option<_>>()?;
    let (first, rest) = changes.split_first()?;
    let writer = rest.first()?.actor;
    let is_genesis = first.hash == genesis(push.visit).hash && first.max_op == GENESIS_OPS;
    let follows = |(before, change): (&ChangeMeta, &ChangeMeta)| {
        change.deps == [before.hash] && change.start_op == before.max_op + 1 && change.max_op >= change.start_op
    };
    let is_chain = changes.iter().zip(rest).all(follows);
    let is_of_writer = rest.iter().zip(1..).all(|(change, seq)| change.actor == writer && change.seq == seq);
    let may_write = writer != genesis_actor(push.visit) && (push.may_use_actor)(&writer);
    let last = changes.last()?.max_op;
    let fits = u64::try_from(changes.len()).is_ok_and(|count| count <= limits.document_changes)
        && last <= limits.document_ops
        && limits.document_actors >= 2;
    (is_genesis && is_chain && is_of_writer && may_write && fits).then_some(changes)
}

/// A change that claims nothing beside its operations.
fn plain_change(meta: &ChangeMetadata<'_>, limits: &Limits) -> Option<ChangeMeta> {
    let is_bare = meta.author.is_none() && meta.message.is_none() && meta.extra.is_empty() && meta.timestamp >= 0;
    let operations = (meta.max_op + 1).checked_sub(meta.start_op)?;
    (is_bare && operations <= limits.change_ops && limits.change_deps >= 1).then_some(ChangeMeta {
        hash: Hash(meta.hash.0),
        actor: actor_of(&meta.actor)?,
        seq: meta.seq,
        start_op: meta.start_op,
        max_op: meta.max_op,
        deps: meta.deps.iter().map(|dep| Hash(dep.0)).collect(),
    })
}

/// A record that an operation writes.
struct Put<'a> {
    counter: u64,
    map: Map,
    key: &'a str,
}

/// What a change takes when it is spelled out.
#[derive(Clone, Default)]
struct Size {
    bytes: usize,
    predecessors: u64,
}

/// Judges the operations of a plain document.
struct Judge<'a> {
    push: &'a Push<'a>,
    limits: &'a Limits,
    changes: &'a [ChangeMeta],
    writer: Actor,
    /// By place of the change.
    sizes: Vec<Size>,
    /// Which operations were seen, by counter.
    seen: Vec<bool>,
    puts: Vec<Put<'a>>,
    /// Operations that overwrite a record of this key.
    overwrites: Vec<Put<'a>>,
    order: Order<'a>,
    /// The element of the notes that an operation overwrites.
    note_updates: BTreeMap<u64, u64>,
    /// The element of the notes whose values an operation overwrites or deletes, as those values say.
    note_successors: BTreeMap<u64, u64>,
}

impl<'a> Judge<'a> {
    fn new(push: &'a Push<'a>, changes: &'a [ChangeMeta], limits: &'a Limits) -> Option<Self> {
        let last = changes.last()?;
        Some(Self {
            push,
            limits,
            changes,
            writer: last.actor,
            sizes: vec![Size { bytes: CHANGE_BYTES, predecessors: 0 }; changes.len()],
            seen: vec![false; usize::try_from(last.max_op).ok()? + 1],
            puts: Vec::new(),
            overwrites: Vec::new(),
            order: Order::default(),
            note_updates: BTreeMap::new(),
            note_successors: BTreeMap::new(),
        })
    }

    /// Judges the body of the document chunk; `None` if anything is not as it should be.
    fn judge(mut self, body: &'a [u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        let code = RefusalCode::DocumentLimit;
        let actors = counted(&mut reader, self.limits.document_actors, code, Reader::actor).ok()?;
        counted(&mut reader, self.limits.document_changes, code, Reader::hash).ok()?;
        let [_, columns] = read_columns(&mut reader).ok()?;
        let mut rows = Rows::new(&columns).ok()?;
        while let Some(row) = rows.next().ok()? {
            self.row(&row, &actors)?;
        }
        rows.is_finished().then_some(())?;
        self.note_successors_are_plain()?;
        (self.seen.iter().skip(1).all(|seen| *seen) && self.overwrites_are_plain() && self.fits()).then_some(())
    }

    fn row(&mut self, row: &Row<'a>, actors: &[Actor]) -> Option<()> {
        let actor = |at: u64| usize::try_from(at).ok().and_then(|at| actors.get(at));
        let writer = actor(row.actor)?;
        self.see(row.counter)?;
        if !row.successors.is_sorted_by(|(_, one), (_, next)| one < next) {
            return None;
        }
        if *writer == genesis_actor(self.push.visit) {
            // The genesis change is known by its hash; nothing may take the place of what it made.
            let Key::Text(key) = row.operation.key else { return None };
            let is_of_root = row.operation.object.is_none() && self.order.record(0, key, row.counter);
            return (is_of_root && row.counter <= GENESIS_OPS && row.successors.is_empty()).then_some(());
        }
        let object = row.operation.object?.1;
        let rules = Rules { visit: self.push.visit, by: self.push.by, limits: self.limits };
        let put = check_operation(&row.operation, actors, rules).ok()?;
        if *writer != self.writer || row.mark_name.is_some_and(|name| name.len() > self.limits.key_bytes) {
            return None;
        }
        let key_bytes = if let Key::Text(key) = row.operation.key { key.len() } else { 0 };
        let name_bytes = row.mark_name.map_or(0, str::len);
        self.spend(row.counter, key_bytes + row.operation.value.len() + name_bytes, 0)?;
        for (by, counter) in &row.successors {
            if actor(*by)? != &self.writer || *counter <= row.counter {
                return None;
            }
            self.spend(*counter, 0, 1)?;
        }
        let successors = row.successors.iter().map(|(_, counter)| *counter);
        match (put, &row.operation.key) {
            (None, Key::Element { actor, counter }) => {
                let element = self.note(row, (*actor, *counter), actors)?;
                for counter in successors {
                    // One operation overwrites or deletes the values of one element.
                    (*self.note_successors.entry(counter).or_insert(element) == element).then_some(())?;
                }
            }
            (Some(put), Key::Text(key)) if put.map.rewritable() || row.successors.is_empty() => {
                self.order.record(object, key, row.counter).then_some(())?;
                self.overwrites.extend(successors.map(|counter| Put { counter, map: put.map, key }));
                self.puts.push(Put { counter: row.counter, map: put.map, key });
            }
            _ => return None,
        }
        Some(())
    }

    /// Notes an operation; each may stand here once.
    fn see(&mut self, counter: u64) -> Option<()> {
        let seen = self.seen.get_mut(usize::try_from(counter).ok()?)?;
        (counter > 0 && !std::mem::replace(seen, true)).then_some(())
    }

    /// Adds to what the change of an operation takes.
    fn spend(&mut self, counter: u64, bytes: usize, predecessors: u64) -> Option<()> {
        let at = self.changes.partition_point(|change| change.max_op < counter);
        let size = self.sizes.get_mut(at)?;
        size.bytes = size.bytes.saturating_add(bytes + OPERATION_BYTES);
        size.predecessors += predecessors;
        Some(())
    }

    /// The element of the notes that a row is about, if the row stands where it belongs.
    fn note(&mut self, row: &Row<'a>, at: (Option<u64>, u64), actors: &[Actor]) -> Option<u64> {
        // Whatever the notes refer to, their one writer wrote.
        let element = match at {
            (None, 0) => None,
            (Some(by), counter) => {
                let by = usize::try_from(by).ok().and_then(|by| actors.get(by));
                Some((by == Some(&self.writer)).then_some(counter)?)
            }
            (None, _) => return None,
        };
        if row.operation.inserts {
            return self.order.insert(element, row.counter).then_some(row.counter);
        }
        let element = element?;
        self.note_updates.insert(row.counter, element);
        self.order.update(element, row.counter).then_some(element)
    }

    /// Whether what overwrites an element of the notes is written to it. Deletions have no row of their own: what stands
    /// nowhere is one.
    fn note_successors_are_plain(&mut self) -> Option<()> {
        for (counter, element) in std::mem::take(&mut self.note_successors) {
            if !*self.seen.get(usize::try_from(counter).ok()?)? {
                self.see(counter)?;
                self.spend(counter, 0, 0)?;
            } else if self.note_updates.get(&counter) != Some(&element) {
                return None;
            }
        }
        Some(())
    }

    /// Whether each record was overwritten by records of the same key only.
    fn overwrites_are_plain(&mut self) -> bool {
        self.puts.sort_unstable_by_key(|put| put.counter);
        self.overwrites.iter().all(|overwrite| {
            let found = self.puts.binary_search_by_key(&overwrite.counter, |put| put.counter);
            let put = found.ok().and_then(|at| self.puts.get(at));
            put.is_some_and(|put| put.map == overwrite.map && put.key == overwrite.key)
        })
    }

    /// Whether every change and every map is within its limits.
    fn fits(&self) -> bool {
        let is_small =
            |size: &Size| size.bytes <= self.limits.change_bytes && size.predecessors <= self.limits.change_ops;
        let keys: BTreeSet<(Map, &str)> = self.puts.iter().map(|put| (put.map, put.key)).collect();
        let count = |map: Map| keys.iter().filter(|(other, _)| *other == map).count();
        let is_spacious = self.puts.len() <= self.limits.keys_per_map
            || Map::ALL.into_iter().all(|map| count(map) <= self.limits.keys_per_map);
        self.sizes.iter().all(is_small) && is_spacious
    }
}

/// One operation of a document.
struct Row<'a> {
    actor: u64,
    counter: u64,
    operation: Operation<'a>,
    mark_name: Option<&'a str>,
    /// Actor position and counter of what overwrites or deletes it.
    successors: Vec<(u64, u64)>,
}

/// The operation columns of a document, read row by row.
struct Rows<'a> {
    shared: SharedRows<'a>,
    id_actor: Rle<'a, u64>,
    id_counter: Delta<'a>,
    successor_count: Rle<'a, u64>,
    successor_actor: Rle<'a, u64>,
    successor_counter: Delta<'a>,
}

impl<'a> Rows<'a> {
    fn new(columns: &[Column<'a>]) -> Result<Self, Malformed> {
        let own = [ID_ACTOR, ID_COUNTER, SUCCESSOR_COUNT, SUCCESSOR_ACTOR, SUCCESSOR_COUNTER];
        let data = |specification| column(columns, specification);
        Ok(Self {
            shared: SharedRows::new(columns, &own)?,
            id_actor: numbers(data(ID_ACTOR)),
            id_counter: Delta::new(data(ID_COUNTER)),
            successor_count: numbers(data(SUCCESSOR_COUNT)),
            successor_actor: numbers(data(SUCCESSOR_ACTOR)),
            successor_counter: Delta::new(data(SUCCESSOR_COUNTER)),
        })
    }

    fn next(&mut self) -> Result<Option<Row<'a>>, Malformed> {
        let Some(operation) = self.shared.next()? else { return Ok(None) };
        let actor = self.id_actor.next()?.ok_or(Malformed)?;
        let counter = self.id_counter.next()?.ok_or(Malformed)?;
        let count = self.successor_count.next()?.ok_or(Malformed)?;
        let mut successors = Vec::new();
        for _ in 0..count {
            let actor = self.successor_actor.next()?.ok_or(Malformed)?;
            successors.push((actor, self.successor_counter.next()?.ok_or(Malformed)?));
        }
        let mark_name = self.shared.mark_name()?;
        Ok(Some(Row { actor, counter, operation, mark_name, successors }))
    }

    fn is_finished(&self) -> bool {
        self.shared.is_finished()
            && self.id_actor.is_done()
            && self.id_counter.is_done()
            && self.successor_count.is_done()
            && self.successor_actor.is_done()
            && self.successor_counter.is_done()
    }
}

#[cfg(test)]
mod tests;
