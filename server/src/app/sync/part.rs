//! A part of what a round brings, judged and written together.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use sync_core::bytes::Blob;
use sync_core::ids::VisitId;
use sync_core::protocol::{PushDoc, PushStatement};

use super::Round;

/// Some neighbouring items of a round, in the order in which items are written: intents, documents, statements.
#[derive(Debug, Clone)]
pub(super) struct Part {
    round: Arc<Round>,
    intents: Range<usize>,
    docs: Range<usize>,
    statements: Range<usize>,
}

impl Part {
    /// Everything a round brings.
    pub(super) fn whole(round: &Arc<Round>) -> Self {
        let request = &round.request;
        Self {
            intents: 0..request.intents.len(),
            docs: 0..request.docs.len(),
            statements: 0..request.statements.len(),
            round: Arc::clone(round),
        }
    }

    /// The round it is of.
    pub(super) const fn round(&self) -> &Arc<Round> {
        &self.round
    }

    /// The intents.
    pub(super) fn intents(&self) -> &[Blob] {
        self.round.request.intents.get(self.intents.clone()).unwrap_or_default()
    }

    /// The documents that are pushed; those only asked for are not among them.
    pub(super) fn docs(&self) -> impl Iterator<Item = &PushDoc> {
        let docs = self.round.request.docs.get(self.docs.clone()).unwrap_or_default();
        docs.iter().filter(|doc| !doc.asks())
    }

    /// The statements.
    pub(super) fn statements(&self) -> &[PushStatement] {
        self.round.request.statements.get(self.statements.clone()).unwrap_or_default()
    }

    /// Bytes of its items.
    pub(super) fn size(&self) -> usize {
        let docs = self.docs().flat_map(|doc| &doc.chunks).map(|chunk| chunk.0.len());
        let intents = self.intents().iter().map(|intent| intent.0.len());
        let statements = self.statements().iter().map(|statement| statement.body.0.len());
        docs.chain(intents).chain(statements).sum()
    }

    /// Bytes stored of its documents, of which `stored` tells.
    pub(super) fn stored(&self, stored: &BTreeMap<VisitId, usize>) -> usize {
        self.docs().filter_map(|doc| stored.get(&doc.id)).sum()
    }

    /// The part in two, in order; `None` if there is nothing to divide.
    pub(super) fn halves(&self) -> Option<[Self; 2]> {
        let items = self.intents.len() + self.docs.len() + self.statements.len();
        if items < 2 {
            return None;
        }
        let mut left = items / 2;
        let mut divide = |range: &Range<usize>| {
            let taken = range.len().min(left);
            left -= taken;
            let middle = range.start + taken;
            (range.start..middle, middle..range.end)
        };
        let (intents, docs, statements) = (divide(&self.intents), divide(&self.docs), divide(&self.statements));
        let part = |intents, docs, statements| Self { round: Arc::clone(&self.round), intents, docs, statements };
        Some([part(intents.0, docs.0, statements.0), part(intents.1, docs.1, statements.1)])
    }
}
