//! What the next items of the feed are, read at once before they are looked at one by one.

use std::collections::BTreeMap;

use doorstep_store::Conn;
use doorstep_store::documents::{self, Current};
use doorstep_store::feed::{FeedKind, FeedOp, FeedRow};
use serde_json::Value;
use sync_core::ids::{OrgId, VisitId};

use crate::app::AppResult;
use crate::app::rows::{Bodies, row_bodies};

/// Most documents that are read at once: each may be as large as the guard lets a document grow.
const MAX_DOCS: usize = 32;

/// Items read ahead; what is not among them is read when it is looked at.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    bodies: Bodies,
    docs: BTreeMap<VisitId, Current>,
}

impl Ahead {
    /// Reads what these rows name; documents only where they will be sent whole.
    ///
    /// A row that cannot be read spoils nothing but the reading ahead: alone it will be told from the others.
    pub(super) fn read<'r>(
        conn: &mut Conn,
        org: OrgId,
        rows: impl Iterator<Item = &'r FeedRow>,
        whole_docs: bool,
    ) -> Self {
        let put = rows.filter(|row| row.op.0 == FeedOp::Put);
        let items: Vec<(FeedKind, String)> = put.map(|row| (row.kind.0, row.item.clone())).collect();
        let docs = items.iter().filter(|item| whole_docs && item.0 == FeedKind::Doc);
        let docs: Vec<VisitId> = docs.filter_map(|item| item.1.parse().ok()).take(MAX_DOCS).collect();
        Self::try_read(conn, org, &items, &docs).unwrap_or_default()
    }

    fn try_read(conn: &mut Conn, org: OrgId, items: &[(FeedKind, String)], docs: &[VisitId]) -> AppResult<Self> {
        Ok(Self { bodies: row_bodies(conn, org, items)?, docs: documents::list_current(conn, org, docs)? })
    }

    /// Version and body of an item.
    pub(super) fn take_body(&mut self, kind: FeedKind, id: &str) -> Option<(i64, Value)> {
        self.bodies.remove(&(kind, id.to_owned()))
    }

    /// A document.
    pub(super) fn take_doc(&mut self, visit: VisitId) -> Option<Current> {
        self.docs.remove(&visit)
    }
}
