//! One pushed document: who may write it, what the guard says, how it is stored.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use doorstep_store::documents::{self, ActorRow, DocChangeRow, DocumentRow, Heads, PushPositions};
use doorstep_store::evidence::QuarantineRow;
use doorstep_store::feed::{FeedBatch, FeedKind, Positions};
use doorstep_store::{Conn, StoreError, Txt};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::genesis::genesis_actor;
use sync_core::doc::{ChangeMeta, VisitDoc};
use sync_core::guard::{self, Admission, ChangeIndex, Limits, Push, Stored};
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::view::OpId;
use sync_core::merge::{self, Held, View};
use sync_core::plan::{LateReason, LateWorkRow};
use sync_core::protocol::{Ack, AckItem, Outcome, PushDoc};
use sync_core::quarantine::{SETTLED_MEANWHILE, WRITER_UNKNOWN};
use sync_core::time::UnixMillis;

use super::access::Access;
use super::writers::Writers;
use super::{Round, late, replayed};
use crate::app::doc_cache::DocCache;
use crate::app::late_work::LateRows;
use crate::app::{AppResult, ErrorCode, Refusal};

/// Most hashes of what refused bytes write anew that are kept with them; an honest phone names one or two.
///
/// # Source
/// Two KiB: as many items as a device may have in quarantine (10,000) add 20 MB at most.
const KEPT_REPLAYS: usize = 64;

/// A pushed document, judged.
#[derive(Debug)]
pub(super) struct JudgedDoc {
    pub(super) visit: VisitId,
    pub(super) access: Access,
    /// Heads the server held when this was judged.
    heads_before: Vec<Hash>,
    version_read: i64,
    accepted: Option<AcceptedDoc>,
    missing: Vec<Hash>,
    /// A whole document came for one that is stored: the phone should send change chunks.
    needs_changes: bool,
    pub(super) refused: Option<RefusedDoc>,
    /// Why what came before in the same form was late.
    late_before: Option<LateReason>,
    /// What it writes anew; of what is refused as [`SETTLED_MEANWHILE`], what the office made use of.
    replays: Vec<Hash>,
    /// Heads of the push that the server has and that are no heads here: others have built on them.
    covered: Vec<Hash>,
}

/// What is stored of a pushed document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) row: Option<&'a DocumentRow>,
    /// The document of that row, where it is loaded already.
    pub(super) loaded: Option<&'a VisitDoc>,
    pub(super) late: Option<&'a LateRows>,
}

/// What of a document is new.
#[derive(Debug)]
struct AcceptedDoc {
    heads: Vec<Hash>,
    snapshot: Vec<u8>,
    index: Vec<u8>,
    changes: Vec<ChangeMeta>,
    bytes: Vec<u8>,
    is_document_chunk: bool,
    /// Without what is held out.
    view: View,
    held: Held,
    /// The document itself, if it was stored before: it may well be written again soon.
    doc: Option<Arc<VisitDoc>>,
}

/// What of a document goes to quarantine.
#[derive(Debug)]
pub(super) struct RefusedDoc {
    pub(super) hash: Hash,
    pub(super) code: &'static str,
    bytes: Vec<u8>,
    /// Whether the device can go on by writing its other edits anew.
    replayable: bool,
}

/// Refuses a request whose seal does not cover what it brings.
///
/// The seal is over the named heads: what they do not reach was never sealed with this request.
pub(super) fn require_covered(round: &Round) -> AppResult<()> {
    for pushed in &round.request.docs {
        if let Some(change) = guard::uncovered(&pushed.chunks, &pushed.heads, &Limits::DEFAULT) {
            let visit = pushed.id;
            let refusal = Refusal::new(ErrorCode::SealInvalid).detail(
                format!("The heads of document {visit} do not cover change {change}"),
                format!("文档 {visit} 的 heads 未覆盖变更 {change}"),
            );
            return Err(refusal.into());
        }
    }
    Ok(())
}

/// Judges one pushed document.
pub(super) fn judge(
    conn: &mut Conn,
    round: &Round,
    pushed: &PushDoc,
    access: Access,
    known: Known<'_>,
) -> AppResult<JudgedDoc> {
    let (visit, stored) = (pushed.id, known.row);
    let chunks = chunks_of(pushed);
    let mut judged = JudgedDoc { replays: pushed.replays.clone(), ..JudgedDoc::unread(visit, access) };
    if round.is_revoked() {
        judged.refused = Some(RefusedDoc::whole(&chunks, "device_revoked"));
        return Ok(judged);
    }
    if judged.access == Access::None {
        return Ok(judged);
    }
    if let Some(row) = stored {
        judged.heads_before.clone_from(&row.heads.0.0);
        judged.version_read = row.version;
    }
    if stored.is_some() && chunks.iter().any(|chunk| is_document(chunk)) {
        // Either the answer to this very push was lost, or another phone of the crew was first: then the
        // changes themselves are welcome.
        judged.needs_changes = !documents::is_first_push(conn, round.ctx.actor.org, visit, &chunks.concat())?;
        let first = known.late.and_then(|late| late.work.iter().find(|work| work.seq == 1));
        judged.late_before = first.map(|work| work.reason).filter(|_| !judged.needs_changes);
        judged.covered = judged.covered_of(pushed, stored);
        return Ok(judged);
    }
    let is_document_chunk = stored.is_none() && chunks.len() == 1;
    match admit(conn, round, pushed, &chunks, known)? {
        Some((admission, is_writer_unknown)) => {
            judged.take(admission, is_document_chunk, round, known.late);
            if is_writer_unknown && let Some(refused) = &mut judged.refused {
                // Written anew under yet another actor it would be as unknown.
                (refused.code, refused.replayable) = (WRITER_UNKNOWN, false);
            }
        }
        None => judged.refused = Some(RefusedDoc::whole(&chunks, "stored_document_damaged")),
    }
    if judged.accepted.is_some() {
        let used = replayed::used_untold(conn, round, visit, &pushed.replays)?;
        judged.tell_of(&used, round, &chunks);
    }
    if let (None, Some(row), Some(late)) = (&judged.accepted, stored, known.late) {
        judged.late_before = late_before(row, late, &chunks);
    }
    judged.covered = judged.covered_of(pushed, stored);
    Ok(judged)
}

/// Why the newest of these stored changes was late when it came.
fn late_before(row: &DocumentRow, late: &LateRows, chunks: &[Vec<u8>]) -> Option<LateReason> {
    let index = ChangeIndex::decode(&row.change_index).ok()?;
    let hashes = guard::change_hashes(&chunks.concat(), &Limits::DEFAULT);
    let ops: Vec<OpId> = hashes.iter().filter_map(|hash| index.last_op(hash)).collect();
    let brought = |work: &&LateWorkRow| work.changes.iter().any(|span| ops.iter().any(|op| span.contains(*op)));
    late.work.iter().rev().find(brought).map(|work| work.reason)
}

fn chunks_of(pushed: &PushDoc) -> Vec<Vec<u8>> {
    pushed.chunks.iter().map(|chunk| chunk.0.clone()).collect()
}

/// Whether a chunk is a whole document: its type byte follows magic and checksum.
fn is_document(chunk: &[u8]) -> bool {
    const TYPE_AT: usize = 8;
    chunk.get(TYPE_AT) == Some(&0)
}

/// Runs the guard, and tells whether what it refuses was refused because nobody knows who wrote it; `None` if what we
/// stored ourselves is damaged.
fn admit(
    conn: &mut Conn,
    round: &Round,
    pushed: &PushDoc,
    chunks: &[Vec<u8>],
    known: Known<'_>,
) -> AppResult<Option<(Admission, bool)>> {
    let visit = pushed.id;
    let index = match known.row.map(|row| ChangeIndex::decode(&row.change_index)).transpose() {
        Ok(index) => index,
        Err(error) => {
            tracing::error!(%visit, %error, "a stored change index is damaged");
            return Ok(None);
        }
    };
    // The guard asks at each change while it walks them; a database error must not be lost in there.
    let lookups = RefCell::new((Writers::new(conn, round, pushed, chunks), None::<StoreError>));
    let may_use_actor = |actor: &Actor| {
        let (writers, failed) = &mut *lookups.borrow_mut();
        writers.may_use(*actor).unwrap_or_else(|error| {
            *failed = Some(error);
            false
        })
    };
    let push = Push {
        visit,
        by: round.ctx.actor.user,
        chunks,
        stored: known.row.zip(index.as_ref()).map(|(row, index)| Stored {
            snapshot: &row.snapshot,
            loaded: known.loaded,
            index,
        }),
        may_use_actor: &may_use_actor,
        limits: &Limits::default(),
    };
    let admission = guard::admit(push);
    let (mut writers, failed) = lookups.into_inner();
    if let Some(error) = failed {
        return Err(error.into());
    }
    match admission {
        Ok(admission) => {
            let is_writer_unknown = writers.is_unknown(&admission);
            Ok(Some((admission, is_writer_unknown)))
        }
        Err(error) => {
            tracing::error!(%visit, %error, "a stored snapshot is damaged");
            Ok(None)
        }
    }
}

impl RefusedDoc {
    /// Everything the phone sent for the document.
    fn whole(chunks: &[Vec<u8>], code: &'static str) -> Self {
        let bytes = chunks.concat();
        Self { hash: Hash::of(&bytes), code, bytes, replayable: false }
    }
}

impl JudgedDoc {
    const fn unread(visit: VisitId, access: Access) -> Self {
        Self {
            visit,
            access,
            heads_before: Vec::new(),
            version_read: 0,
            accepted: None,
            missing: Vec::new(),
            needs_changes: false,
            refused: None,
            late_before: None,
            replays: Vec::new(),
            covered: Vec::new(),
        }
    }

    /// A push to be kept in quarantine; nothing is known or told about the document.
    pub(super) fn refused(pushed: &PushDoc, code: &'static str) -> Self {
        let refused = RefusedDoc::whole(&chunks_of(pushed), code);
        let replays = pushed.replays.clone();
        Self { refused: Some(refused), replays, ..Self::unread(pushed.id, Access::None) }
    }

    fn take(&mut self, admission: Admission, is_document_chunk: bool, round: &Round, late: Option<&LateRows>) {
        self.missing = admission.missing;
        self.refused = admission.refused.map(|refused| RefusedDoc {
            hash: refused.hash,
            code: refused.code.as_str(),
            bytes: refused.chunks.concat(),
            replayable: refused.code.is_replayable(),
        });
        let is_new = self.is_new();
        let held = |changes: &[ChangeMeta]| {
            let mut late = late.cloned().unwrap_or_default();
            late.work.extend(self.late_row(round, changes));
            late.held()
        };
        let accepted = admission.accepted.map(|accepted| (held(&accepted.changes), accepted));
        self.accepted = accepted.map(|(held, accepted)| AcceptedDoc {
            view: merge::view_without(&accepted.doc, &held),
            doc: (!is_new).then(|| Arc::new(accepted.doc)),
            held,
            heads: accepted.heads,
            snapshot: accepted.snapshot,
            index: accepted.index.encode(),
            // One chunk that holds several changes can only be a document chunk.
            is_document_chunk: is_document_chunk && accepted.chunks.len() == 1 && accepted.changes.len() > 1,
            changes: accepted.changes,
            bytes: accepted.chunks.concat(),
        });
    }

    /// Takes nothing where the office made use of what is written anew: once more, on what is here by now, it says nothing
    /// a second time.
    fn tell_of(&mut self, used: &BTreeSet<String>, round: &Round, chunks: &[Vec<u8>]) {
        if !used.is_empty() {
            self.accepted = None;
            self.replays = replayed::told_of(used);
            let refused = RefusedDoc::whole(chunks, SETTLED_MEANWHILE);
            self.refused = Some(RefusedDoc { replayable: round.may_read() && !round.is_from_office, ..refused });
        }
    }

    /// The merged view with the new changes, if there are any.
    pub(super) fn view(&self) -> Option<&View> {
        self.accepted.as_ref().map(|accepted| &accepted.view)
    }

    /// Whether something new came for a document of which the server had a part.
    pub(super) fn adds_to_known(&self) -> bool {
        self.accepted.is_some() && !self.heads_before.is_empty()
    }

    /// Keeps the document loaded, once it is stored.
    pub(super) fn keep(&self, org: OrgId, cache: &DocCache) {
        if let Some(accepted) = &self.accepted
            && let Some(doc) = &accepted.doc
        {
            cache.put(org, Arc::clone(doc), accepted.snapshot.len());
        }
    }

    /// What is held out of that view.
    pub(super) fn held(&self) -> Option<&Held> {
        self.accepted.as_ref().map(|accepted| &accepted.held)
    }

    /// The row that says that these new changes came late, as far as the rep's access says so.
    fn late_row(&self, round: &Round, changes: &[ChangeMeta]) -> Option<LateWorkRow> {
        self.access.late().map(|reason| self.late_row_for(reason, round, changes))
    }

    fn late_row_for(&self, reason: LateReason, round: &Round, changes: &[ChangeMeta]) -> LateWorkRow {
        LateWorkRow {
            visit_id: self.visit,
            seq: self.version_read + 1,
            reason,
            by: round.ctx.actor.user,
            device_id: round.device.id.0,
            changes: late::spans(self.visit, changes),
            at_ms: UnixMillis(round.ctx.now.0),
        }
    }

    /// What this push brings late, by the rep's access.
    pub(super) fn late_by_access(&self, round: &Round) -> Option<LateWorkRow> {
        self.accepted.as_ref().and_then(|accepted| self.late_row(round, &accepted.changes))
    }

    /// What this push brings late because the visit had been handed in.
    pub(super) fn late_by_state(&self, round: &Round) -> LateWorkRow {
        self.late_row_for(LateReason::Submitted, round, self.changes())
    }

    /// What the document holds with this push; nothing where none of it was accepted.
    pub(super) fn accepted_index(&self) -> Option<ChangeIndex> {
        self.accepted.as_ref().and_then(|accepted| ChangeIndex::decode(&accepted.index).ok())
    }

    /// The accepted changes.
    pub(super) fn changes(&self) -> &[ChangeMeta] {
        self.accepted.as_ref().map_or(&[], |accepted| &accepted.changes)
    }

    /// What was refused before and this push, which is taken, writes anew.
    pub(super) fn replays(&self) -> &[Hash] {
        let is_taken = self.refused.is_none() && self.missing.is_empty() && !self.needs_changes;
        if is_taken && self.access != Access::None { &self.replays } else { &[] }
    }

    /// Whether this is the first push of the document.
    pub(super) const fn is_new(&self) -> bool {
        self.version_read == 0
    }

    fn covered_of(&self, pushed: &PushDoc, stored: Option<&DocumentRow>) -> Vec<Hash> {
        let inner = || pushed.heads.iter().filter(|head| !self.heads().contains(head));
        if inner().next().is_none() {
            return Vec::new();
        }
        let index = match (&self.accepted, stored) {
            (Some(accepted), _) => ChangeIndex::decode(&accepted.index),
            (None, Some(row)) => ChangeIndex::decode(&row.change_index),
            (None, None) => return Vec::new(),
        };
        index.map_or_else(|_| Vec::new(), |index| inner().filter(|head| index.contains(head)).copied().collect())
    }

    /// What a receipt names of the document: what the server holds, and what of the push lies below it, for a phone that
    /// is off the crew never learns what others wrote on it.
    pub(super) fn held_heads(&self) -> Vec<Hash> {
        self.heads().iter().chain(&self.covered).copied().collect()
    }

    /// Heads the server holds after this push.
    pub(super) fn heads(&self) -> &[Hash] {
        self.accepted.as_ref().map_or(&self.heads_before, |accepted| &accepted.heads)
    }

    /// The document as it is to be stored, provided nobody wrote it since it was judged.
    pub(super) fn document_row(&self, round: &Round) -> Option<DocumentRow> {
        let accepted = self.accepted.as_ref()?;
        Some(DocumentRow {
            org_id: Txt(round.ctx.actor.org),
            visit_id: Txt(self.visit),
            version: self.version_read + 1,
            heads: Txt(Heads(accepted.heads.clone())),
            change_index: accepted.index.clone(),
            snapshot: accepted.snapshot.clone(),
        })
    }

    /// Whose the writers of the accepted changes are from now on.
    pub(super) fn actor_rows(&self, round: &Round) -> impl Iterator<Item = ActorRow> {
        let genesis = genesis_actor(self.visit);
        let (org_id, visit_id, device_id) = (Txt(round.ctx.actor.org), Txt(self.visit), round.device.id);
        let actors: BTreeSet<Actor> = self.changes().iter().map(|change| change.actor).collect();
        actors.into_iter().filter(move |actor| *actor != genesis).map(move |actor| ActorRow {
            org_id,
            actor: Txt(actor),
            visit_id,
            device_id,
        })
    }

    /// The received bytes once the feed positions of this push are known.
    pub(super) fn change_row(&self, round: &Round, positions: &Positions) -> Option<DocChangeRow> {
        let accepted = self.accepted.as_ref()?;
        Some(DocChangeRow {
            org_id: Txt(round.ctx.actor.org),
            visit_id: Txt(self.visit),
            seq: self.version_read + 1,
            device_id: round.device.id,
            received_at_ms: round.ctx.now.0,
            is_document_chunk: accepted.is_document_chunk,
            positions: Txt(PushPositions(positions.of(FeedKind::Doc, &self.visit.to_string()))),
            bytes: accepted.bytes.clone(),
        })
    }

    /// The row for quarantine. None where an item is driven of which nothing is taken: it is there already, and holds
    /// all of it, though a whole document is judged as its changes then.
    pub(super) fn quarantine(&self, round: &Round) -> Option<QuarantineRow> {
        let refused = self.refused.as_ref().filter(|_| round.driven.is_none() || self.accepted.is_some())?;
        Some(QuarantineRow {
            org_id: Txt(round.ctx.actor.org),
            id: refused.hash.to_string(),
            kind: "doc".to_owned(),
            visit_id: Some(Txt(self.visit)),
            device_id: round.device.id,
            code: refused.code.to_owned(),
            bytes: refused.bytes.clone(),
            received_at_ms: round.ctx.now.0,
            replays: Some(self.replays.iter().take(KEPT_REPLAYS).flat_map(|hash| hash.0).collect())
                .filter(|replays: &Vec<u8>| !replays.is_empty()),
        })
    }

    /// The server's word on this document; `late` says why new records do not count yet.
    pub(super) fn ack(&self, late: Option<LateReason>) -> Ack {
        let mut ack = Ack::new(AckItem::Doc(self.visit), Outcome::Duplicate);
        if let Some(refused) = &self.refused {
            ack.outcome = if refused.replayable { Outcome::NeedReplay } else { Outcome::Quarantined };
            ack.hash = Some(refused.hash);
            ack.code = Some(refused.code.to_owned());
        } else if self.access == Access::None {
            ack.outcome = Outcome::NotFound;
            return ack;
        } else if self.needs_changes || !self.missing.is_empty() {
            ack.outcome = Outcome::NeedFull;
        } else if self.accepted.is_some() {
            ack.outcome = late.map_or(Outcome::Stored, |_| Outcome::Late);
            ack.reason = late.map(|reason| reason.code().to_owned());
        } else {
            ack.reason = self.late_before.map(|reason| reason.code().to_owned());
        }
        ack.missing.clone_from(&self.missing);
        ack.heads = self.heads().to_vec();
        ack
    }

    /// Tells everybody who holds the visit about the new content.
    pub(super) fn tell(&self, batch: &mut FeedBatch, holders: &BTreeSet<String>) {
        for audience in holders {
            batch.put(audience.clone(), FeedKind::Doc, self.visit);
        }
    }
}
