//! What the next items of the feed are, read at once before they are looked at one by one.

use std::collections::{BTreeMap, VecDeque};

use doorstep_store::Conn;
use doorstep_store::documents::{self, Current};
use doorstep_store::feed::{FeedKind, FeedOp, FeedRow};
use serde_json::Value;
use sync_core::ids::{OrgId, VisitId};

use crate::app::rows::{Bodies, row_bodies};

/// Most documents that are read at once, and most bytes of each: together no more than the largest answer. A larger one
/// is read when it is sent.
const MAX_DOCS: usize = 32;
const MAX_DOC_BYTES: i32 = 64 << 10;

/// Items read ahead; what is not among them is read when it is looked at.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    bodies: Bodies,
    docs: BTreeMap<VisitId, Current>,
    /// Documents that will be sent whole and are not read yet, in order.
    next_docs: VecDeque<VisitId>,
}

impl Ahead {
    /// Reads what these rows name, but documents; `comes_whole` tells those that will be sent whole, which are read
    /// when the first of them is taken.
    ///
    /// A row that cannot be read spoils nothing but the reading ahead: alone it will be told from the others.
    pub(super) fn read<'r>(
        conn: &mut Conn,
        org: OrgId,
        rows: impl Iterator<Item = &'r FeedRow>,
        comes_whole: impl Fn(&FeedRow) -> bool,
    ) -> Self {
        let put: Vec<&FeedRow> = rows.filter(|row| row.op.0 == FeedOp::Put).collect();
        let items: Vec<(FeedKind, &str)> = put.iter().map(|row| (row.kind.0, row.item.as_str())).collect();
        let bodies = row_bodies(conn, org, &items).unwrap_or_default();
        let docs = put.into_iter().filter(|row| row.kind.0 == FeedKind::Doc && comes_whole(row));
        Self { bodies, docs: BTreeMap::new(), next_docs: docs.filter_map(|row| row.item.parse().ok()).collect() }
    }

    /// Version and body of an item.
    pub(super) fn take_body(&mut self, kind: FeedKind, id: &str) -> Option<(i64, Value)> {
        self.bodies.take(kind, id)
    }

    /// A document that is to be sent whole, unless it is large.
    pub(super) fn take_doc(&mut self, conn: &mut Conn, org: OrgId, visit: VisitId) -> Option<Current> {
        if self.next_docs.contains(&visit) {
            let count = self.next_docs.len().min(MAX_DOCS);
            let next: Vec<VisitId> = self.next_docs.drain(..count).collect();
            self.docs = documents::list_current(conn, org, &next, MAX_DOC_BYTES).unwrap_or_default();
        }
        self.docs.remove(&visit)
    }
}
