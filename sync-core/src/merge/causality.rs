//! Which of two operations knew of the other.
//!
//! Owns vector clocks over the changes of one document; built only when two writers recorded the same
//! thing. Knows nothing of records.

use std::collections::{BTreeMap, HashMap};

use super::view::OpId;
use crate::bytes::{Actor, Hash};
use crate::doc::ChangeMeta;

/// Where an operation stands in the history.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    op: OpId,
    writer: usize,
    seq: u64,
    change: usize,
}

/// The causal order of a document's operations.
#[derive(Debug, Default)]
pub(super) struct Causality {
    writers: BTreeMap<Actor, Writer>,
    /// Per change, the highest sequence number it knows of each writer.
    clocks: Vec<Vec<u64>>,
}

#[derive(Debug, Default)]
struct Writer {
    column: usize,
    /// Last counter, sequence number and position of each change, in order.
    changes: Vec<(u64, u64, usize)>,
}

impl Causality {
    /// Builds the clocks; `changes` are in causal order.
    pub(super) fn of(changes: &[ChangeMeta]) -> Self {
        let mut this = Self::default();
        let mut position: HashMap<Hash, usize> = HashMap::with_capacity(changes.len());
        for (index, change) in changes.iter().enumerate() {
            let column = this.writers.len();
            let writer = this.writers.entry(change.actor).or_insert_with(|| Writer { column, ..Writer::default() });
            writer.changes.push((change.max_op, change.seq, index));
            let column = writer.column;

            let mut clock = vec![0; this.writers.len()];
            for known in change.deps.iter().filter_map(|dep| this.clocks.get(*position.get(dep)?)) {
                for (own, other) in clock.iter_mut().zip(known) {
                    *own = (*own).max(*other);
                }
            }
            if let Some(own) = clock.get_mut(column) {
                *own = change.seq;
            }
            this.clocks.push(clock);
            position.insert(change.hash, index);
        }
        this
    }

    /// Finds the change that holds an operation.
    pub(super) fn place(&self, op: OpId) -> Option<Place> {
        let writer = self.writers.get(&op.actor)?;
        let first = writer.changes.partition_point(|(max_op, ..)| *max_op < op.counter);
        let (_, seq, change) = *writer.changes.get(first)?;
        Some(Place { op, writer: writer.column, seq, change })
    }

    /// Whether the writer of `later` knew `earlier`.
    pub(super) fn precedes(&self, earlier: &Place, later: &Place) -> bool {
        if earlier.writer == later.writer {
            return earlier.op.counter < later.op.counter;
        }
        let known = self.clocks.get(later.change).and_then(|clock| clock.get(earlier.writer)).copied().unwrap_or(0);
        earlier.seq <= known
    }
}
