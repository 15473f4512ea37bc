//! What a change and a document say of an operation in the same columns, read row by row.
//!
//! Knows how columns are coded and which of them belong together; what an operation may be is not known here.

use super::columns::{Booleans, Column, Delta, Rle, column, numbers, texts};
use super::reader::{Malformed, Reader};

// Column specifications (Automerge binary format): id in the high bits, type in the low three.
pub(super) const OBJECT_ACTOR: u64 = 0x01;
pub(super) const OBJECT_COUNTER: u64 = 0x02;
pub(super) const KEY_ACTOR: u64 = 0x11;
pub(super) const KEY_COUNTER: u64 = 0x13;
pub(super) const KEY_TEXT: u64 = 0x15;
pub(super) const INSERT: u64 = 0x34;
pub(super) const ACTION: u64 = 0x42;
pub(super) const VALUE_META: u64 = 0x56;
pub(super) const VALUE: u64 = 0x57;
pub(super) const EXPAND: u64 = 0x94;
pub(super) const MARK_NAME: u64 = 0xa5;

const SHARED_COLUMNS: [u64; 11] = [
    OBJECT_ACTOR,
    OBJECT_COUNTER,
    KEY_ACTOR,
    KEY_COUNTER,
    KEY_TEXT,
    INSERT,
    ACTION,
    VALUE_META,
    VALUE,
    EXPAND,
    MARK_NAME,
];

/// One operation as the shared columns spell it.
pub(super) struct Operation<'a> {
    /// Actor position and counter of the object; `None` is the root.
    pub(super) object: Option<(u64, u64)>,
    pub(super) key: Key<'a>,
    pub(super) inserts: bool,
    pub(super) action: u64,
    pub(super) value_type: u64,
    pub(super) value: &'a [u8],
    /// How many operations it overwrites; 0 in a document, which does not say.
    pub(super) predecessors: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key<'a> {
    Text(&'a str),
    /// An element of a list, or its head: counter 0 without actor.
    Element {
        /// Actor position.
        actor: Option<u64>,
        counter: u64,
    },
}

/// The shared columns.
pub(super) struct SharedRows<'a> {
    object_actor: Rle<'a, u64>,
    object_counter: Rle<'a, u64>,
    key_actor: Rle<'a, u64>,
    key_counter: Delta<'a>,
    key_text: Rle<'a, &'a str>,
    insert: Booleans<'a>,
    action: Rle<'a, u64>,
    value_meta: Rle<'a, u64>,
    value: Reader<'a>,
    expand: Booleans<'a>,
    mark_name: Rle<'a, &'a str>,
}

impl<'a> SharedRows<'a> {
    /// Fails on a column that is neither shared nor among the reader's `own`.
    pub(super) fn new(columns: &[Column<'a>], own: &[u64]) -> Result<Self, Malformed> {
        let is_known = |specification| SHARED_COLUMNS.contains(specification) || own.contains(specification);
        if !columns.iter().all(|column| is_known(&column.specification)) {
            return Err(Malformed);
        }
        let data = |specification| column(columns, specification);
        Ok(Self {
            object_actor: numbers(data(OBJECT_ACTOR)),
            object_counter: numbers(data(OBJECT_COUNTER)),
            key_actor: numbers(data(KEY_ACTOR)),
            key_counter: Delta::new(data(KEY_COUNTER)),
            key_text: texts(data(KEY_TEXT)),
            insert: Booleans::new(data(INSERT)),
            action: numbers(data(ACTION)),
            value_meta: numbers(data(VALUE_META)),
            value: Reader::new(data(VALUE)),
            expand: Booleans::new(data(EXPAND)),
            mark_name: texts(data(MARK_NAME)),
        })
    }

    /// The next operation; [`Self::mark_name`] is to be read after it.
    pub(super) fn next(&mut self) -> Result<Option<Operation<'a>>, Malformed> {
        if self.action.is_done() {
            return Ok(None);
        }
        let action = self.action.next()?.ok_or(Malformed)?;
        let object = match (self.object_actor.next()?, self.object_counter.next()?) {
            (None, None) => None,
            // Automerge takes counter 0 of any actor for the root.
            (Some(actor), Some(counter)) if counter > 0 => Some((actor, counter)),
            _ => return Err(Malformed),
        };
        let key = match (self.key_actor.next()?, self.key_counter.next()?, self.key_text.next()?) {
            (None, None, Some(text)) => Key::Text(text),
            (actor, Some(counter), None) => Key::Element { actor, counter },
            _ => return Err(Malformed),
        };
        let inserts = self.insert.next()?.ok_or(Malformed)?;
        let meta = self.value_meta.next()?.ok_or(Malformed)?;
        let value = self.value.take(meta >> 4)?;
        Ok(Some(Operation { object, key, inserts, action, value_type: meta & 15, value, predecessors: 0 }))
    }

    /// The name of the mark that the operation begins, if it is one.
    pub(super) fn mark_name(&mut self) -> Result<Option<&'a str>, Malformed> {
        self.expand.next()?;
        self.mark_name.next()
    }

    /// Whether every column ends with the last operation, so that no reader sees more than was judged.
    pub(super) fn is_finished(&self) -> bool {
        self.object_actor.is_done()
            && self.object_counter.is_done()
            && self.key_actor.is_done()
            && self.key_counter.is_done()
            && self.key_text.is_done()
            && self.insert.is_done()
            && self.value_meta.is_done()
            && self.value.is_empty()
            && self.expand.is_done()
            && self.mark_name.is_done()
    }
}
