//! Judging the operations of one change, straight from its columns.
//!
//! Owns the list of operations a visit document may have (design section 13, Changes). Every operation
//! is looked at, also those that a later one in the same push undoes.

use super::budget::Limits;
use super::columns::{Delta, Rle, column, numbers};
use super::header::ChangeHeader;
use super::reader::Malformed;
use super::record_json::check_record;
use super::refusal::RefusalCode;
use super::rows::{Key, Operation, SharedRows};
use crate::bytes::Actor;
use crate::doc::Map;
use crate::doc::genesis::{GENESIS_OPS, genesis_actor};
use crate::ids::{UserId, VisitId};

/// A record that a change writes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RecordPut {
    pub(super) map: Map,
    pub(super) key: String,
}

/// What a change does, once every operation was found allowed.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pub(super) count: u64,
    pub(super) puts: Vec<RecordPut>,
}

/// What the judge needs to know about the push.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) visit: VisitId,
    pub(super) by: UserId,
    pub(super) limits: &'a Limits,
}

// Column specifications that only changes have.
const PREDECESSOR_COUNT: u64 = 0x70;
const PREDECESSOR_ACTOR: u64 = 0x71;
const PREDECESSOR_COUNTER: u64 = 0x73;

pub(super) const PUT: u64 = 1;
const DELETE: u64 = 3;
const MARK: u64 = 7;
/// The last of the value types null, false and true.
const LAST_EMPTY_VALUE: u64 = 2;
/// The type of a text value.
pub(super) const TEXT_VALUE: u64 = 6;

/// Judges every operation of a change.
pub(super) fn check_operations(change: &ChangeHeader<'_>, rules: Rules<'_>) -> Result<Operations, RefusalCode> {
    let mut rows = Rows::new(change, rules.limits)?;
    let mut found = Operations::default();
    while let Some(operation) = rows.next()? {
        found.count += 1;
        if found.count > rules.limits.change_ops {
            return Err(RefusalCode::ChangeTooLarge);
        }
        found.puts.extend(check_operation(&operation, &change.actors, rules)?);
    }
    rows.finish()?;
    Ok(found)
}

/// A container that genesis made.
pub(super) enum Place {
    Map(Map),
    Notes,
}

impl Place {
    pub(super) fn of(operation: &Operation<'_>, actors: &[Actor], visit: VisitId) -> Option<Self> {
        let (actor, counter) = operation.object?;
        let actor = usize::try_from(actor).ok().and_then(|position| actors.get(position))?;
        if *actor != genesis_actor(visit) {
            return None;
        }
        if counter == GENESIS_OPS {
            return Some(Self::Notes);
        }
        Map::ALL.iter().zip(1u64..).find(|(_, made_by)| *made_by == counter).map(|(map, _)| Self::Map(*map))
    }
}

pub(super) fn check_operation(
    operation: &Operation<'_>,
    actors: &[Actor],
    rules: Rules<'_>,
) -> Result<Option<RecordPut>, RefusalCode> {
    match Place::of(operation, actors, rules.visit).ok_or(RefusalCode::OperationNotAllowed)? {
        Place::Notes => check_notes(operation).map(|()| None),
        Place::Map(map) => check_put(operation, map, rules).map(Some),
    }
}

/// The notes are text: insert, overwrite and delete elements, and marks on them.
fn check_notes(operation: &Operation<'_>) -> Result<(), RefusalCode> {
    let is_allowed = matches!(operation.key, Key::Element { .. })
        && match operation.action {
            PUT => operation.value_type == TEXT_VALUE,
            DELETE => !operation.inserts,
            MARK => true,
            _ => false,
        };
    if !is_allowed {
        return Err(RefusalCode::OperationNotAllowed);
    }
    if operation.value_type == TEXT_VALUE {
        std::str::from_utf8(operation.value).map_err(|_no_utf8| Malformed)?;
    }
    Ok(())
}

/// A record is a text put under a key, once, or again where the map allows it.
pub(super) fn check_put(operation: &Operation<'_>, map: Map, rules: Rules<'_>) -> Result<RecordPut, RefusalCode> {
    let Key::Text(key) = operation.key else { return Err(RefusalCode::OperationNotAllowed) };
    let is_text_put = operation.action == PUT && operation.value_type == TEXT_VALUE && !operation.inserts;
    if !is_text_put || (operation.predecessors > 0 && !map.rewritable()) {
        return Err(RefusalCode::OperationNotAllowed);
    }
    if key.is_empty() || key.len() > rules.limits.key_bytes {
        return Err(RefusalCode::FieldLimit);
    }
    if operation.value.len() > rules.limits.record_bytes {
        return Err(RefusalCode::FieldLimit);
    }
    let text = std::str::from_utf8(operation.value).map_err(|_no_utf8| Malformed)?;
    check_record(text, rules.by, rules.limits)?;
    Ok(RecordPut { map, key: key.to_owned() })
}

/// The columns of a change, read row by row.
pub(super) struct Rows<'a> {
    shared: SharedRows<'a>,
    predecessor_count: Rle<'a, u64>,
    predecessor_actor: Rle<'a, u64>,
    predecessor_counter: Delta<'a>,
    predecessors_left: u64,
    name_bytes: usize,
    actors: u64,
}

impl<'a> Rows<'a> {
    pub(super) fn new(change: &ChangeHeader<'a>, limits: &Limits) -> Result<Self, RefusalCode> {
        let own = [PREDECESSOR_COUNT, PREDECESSOR_ACTOR, PREDECESSOR_COUNTER];
        let data = |specification| column(&change.columns, specification);
        Ok(Self {
            shared: SharedRows::new(&change.columns, &own)?,
            predecessor_count: numbers(data(PREDECESSOR_COUNT)),
            predecessor_actor: numbers(data(PREDECESSOR_ACTOR)),
            predecessor_counter: Delta::new(data(PREDECESSOR_COUNTER)),
            predecessors_left: limits.change_ops,
            name_bytes: limits.key_bytes,
            actors: u64::try_from(change.actors.len()).unwrap_or(0),
        })
    }

    pub(super) fn next(&mut self) -> Result<Option<Operation<'a>>, RefusalCode> {
        let Some(operation) = self.shared.next()? else { return Ok(None) };
        let is_key_known = match operation.key {
            Key::Text(_) => true,
            Key::Element { actor: Some(actor), .. } => actor < self.actors,
            Key::Element { actor: None, counter } => counter == 0,
        };
        // Null, false and true have no bytes. Automerge skips a length they claim and would read every
        // later value from another place than we do.
        let claims_bytes = operation.value_type <= LAST_EMPTY_VALUE && !operation.value.is_empty();
        if !is_key_known || claims_bytes {
            return Err(RefusalCode::ChangeRejected);
        }
        let predecessors = self.predecessors()?;
        if self.shared.mark_name()?.is_some_and(|name| name.len() > self.name_bytes) {
            return Err(RefusalCode::FieldLimit);
        }
        Ok(Some(Operation { predecessors, ..operation }))
    }

    fn predecessors(&mut self) -> Result<u64, RefusalCode> {
        let count = self.predecessor_count.next()?.ok_or(Malformed)?;
        self.predecessors_left = self.predecessors_left.checked_sub(count).ok_or(RefusalCode::ChangeTooLarge)?;
        for _ in 0..count {
            let actor = self.predecessor_actor.next()?.ok_or(Malformed)?;
            self.predecessor_counter.next()?.ok_or(Malformed)?;
            if actor >= self.actors {
                return Err(RefusalCode::ChangeRejected);
            }
        }
        Ok(count)
    }

    fn finish(&self) -> Result<(), Malformed> {
        let is_finished = self.shared.is_finished()
            && self.predecessor_count.is_done()
            && self.predecessor_actor.is_done()
            && self.predecessor_counter.is_done();
        if is_finished { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use automerge::legacy::{Key as AutomergeKey, ObjectId, OpType};
    use automerge::{Change, ScalarValue};
    use serde_json::json;

    use super::*;
    use crate::doc::VisitDoc;
    use crate::doc::genesis::{CHANGE_CHUNK, seal_chunk};
    use crate::guard::header::read_change;

    /// One operation in the words both readers share.
    type Spelled = (Option<(Actor, u64)>, Option<String>, bool, u64, Option<String>, usize);

    fn by_guard(chunk: &[u8]) -> Option<Vec<Spelled>> {
        let change = read_change(chunk, &Limits::DEFAULT).ok()?;
        let mut rows = Rows::new(&change, &Limits::DEFAULT).ok()?;
        let mut spelled = Vec::new();
        while let Some(operation) = rows.next().ok()? {
            let object = match operation.object {
                None => None,
                Some((actor, counter)) => Some((*change.actors.get(usize::try_from(actor).ok()?)?, counter)),
            };
            let key = if let Key::Text(text) = operation.key { Some(text.to_owned()) } else { None };
            let is_text = operation.action == PUT && operation.value_type == TEXT_VALUE;
            let text = is_text.then(|| String::from_utf8(operation.value.to_vec()));
            let text = text.transpose().ok()?;
            let predecessors = usize::try_from(operation.predecessors).ok()?;
            spelled.push((object, key, operation.inserts, operation.action, text, predecessors));
        }
        rows.finish().ok().map(|()| spelled)
    }

    fn by_automerge(chunk: &[u8]) -> Option<Vec<Spelled>> {
        let decode = || Change::from_bytes(chunk.to_vec()).map(|change| change.decode()).ok();
        let change = std::panic::catch_unwind(decode).ok()??;
        let spell = |operation: &automerge::legacy::Op| {
            let object = match &operation.obj {
                ObjectId::Root => None,
                ObjectId::Id(id) => Some((Actor::try_from(id.actor().to_bytes()).unwrap(), id.counter())),
            };
            let key = if let AutomergeKey::Map(text) = &operation.key { Some(text.to_string()) } else { None };
            let (action, text) = match &operation.action {
                OpType::Put(ScalarValue::Str(text)) => (PUT, Some(text.to_string())),
                OpType::Put(_) => (PUT, None),
                OpType::Delete => (DELETE, None),
                OpType::Increment(_) => (5, None),
                OpType::MarkBegin(_) | OpType::MarkEnd(_) => (MARK, None),
                OpType::Make(made) => (if matches!(made, automerge::ObjType::Map) { 0 } else { 2 }, None),
            };
            (object, key, operation.insert, action, text, operation.pred.len())
        };
        Some(change.operations.iter().map(spell).collect())
    }

    /// Whatever both readers can read, they read the same: no operation hides from the judge.
    #[test]
    fn the_guard_reads_what_automerge_reads() {
        let mut doc = VisitDoc::create(VisitId::from_bytes([9; 16])).unwrap();
        for step in 0..12u8 {
            let edit = doc.edit(Actor([step % 2; 16]), |edit| {
                edit.put(Map::Ticks, "a", &json!({"step": step}))?;
                edit.put(Map::Photos, &format!("p{step}"), &json!({"slot": "s"}))?;
                edit.set_notes(&format!("第{step}次"))
            });
            edit.unwrap().unwrap();
        }
        let chunks = doc.changes_since(&[]).unwrap();
        let mut random = 0x2545_f491_4f6c_dd1du64;
        let mut next = |limit: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % u64::try_from(limit).unwrap()).unwrap()
        };
        let mut both = 0;
        for round in 0..20_000 {
            let chunk = &chunks[next(chunks.len())];
            let mut body = chunk[if chunk[9] & 0x80 == 0 { 10 } else { 11 }..].to_vec();
            for _ in 0..round % 3 {
                let at = next(body.len());
                body[at] = u8::try_from(next(256)).unwrap();
            }
            let (_, chunk) = seal_chunk(CHANGE_CHUNK, &body);
            let Some(ours) = by_guard(&chunk) else { continue };
            if let Some(theirs) = by_automerge(&chunk) {
                both += 1;
                assert_eq!(ours.len(), theirs.len(), "{chunk:?}");
                for (mut ours, mut theirs) in ours.into_iter().zip(theirs) {
                    // Objects that are made, and values that are no text, are refused whatever they are.
                    if !matches!(ours.3, PUT | DELETE | MARK) {
                        (ours.3, theirs.3) = (0, 0);
                    }
                    assert_eq!(ours, theirs, "{chunk:?}");
                }
            }
        }
        assert!(both > 10_000, "{both}");
    }
}
